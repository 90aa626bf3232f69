#include "apps/registryd/service.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "apps/registryd/daemon.h"
#include "apps/registryd/hand_over.h"
#include "apps/registryd/listen_addresses.h"
#include "apps/registryd/self_check.h"
#include "apps/registryd/service_manager.h"
#include "apps/registryd/service_signals.h"
#include "apps/registryd/successor.h"
#include "apps/registryd/system_sockets.h"
#include "base/error.h"
#include "config/settings_check.h"

namespace rha::registryd {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds kDrain{25};
constexpr std::chrono::seconds kStatusEvery{5};
// For a successor to open storage and index; as TimeoutStartSec.
constexpr std::chrono::seconds kSuccessorStart{90};
constexpr std::chrono::seconds kConfirmation{20};
constexpr std::chrono::milliseconds kLook{500};

CommonGround commonGround(const config::StartupSettings& settings, const SystemSockets& sockets) {
  const char* const before = std::getenv(kAddressesVariable);
  const auto predecessor = before == nullptr ? std::nullopt : std::optional<std::string_view>(before);
  return {.places = config::storagePlaces(settings) + "; index " + settings.index.path,
          .addresses = listenAddresses(settings.http, sockets, predecessor)};
}

class Service final {
 public:
  Service(const config::StartupSettings& settings, const std::string& version)
      : settings_(settings), command_(ownCommand()), daemon_(settings, version) {}

  void run() {
    start();
    if (serveUntilTold() == End::HandedOver && finishWhatIsLeft() == End::HandedOver) {
      daemon_.handOverRequests().close("this process has handed over already");
      daemon_.stop(std::chrono::milliseconds(0));
      daemon_.logger().info("handed_over_and_finished", {{"successor", successor_->pid()}});
      return;
    }
    stop();
  }

 private:
  enum class End : std::uint8_t { Told, HandedOver };

  void start() {
    SystemSockets sockets = takeSystemSockets();
    ground_ = commonGround(settings_, sockets);
    predecessor_ = Predecessor::take(ground_);
    daemon_.start(std::move(sockets), predecessor_.get());
    if (predecessor_) {
      predecessor_->ready();
      predecessor_->waitForConfirmation(kConfirmation);
      daemon_.takeOver();
      daemon_.logger().info("took_over", {{"predecessor", predecessor_->pid()}});
    }
    manager_.ready();
    manager_.status(daemon_.statusText());
  }

  End serveUntilTold() {
    const auto round =
        std::min<std::chrono::milliseconds>(kStatusEvery, manager_.watchdogInterval().value_or(kStatusEvery));
    while (true) {
      switch (signals_.wait(round)) {
        case ServiceSignals::Event::Terminate:
          return End::Told;
        case ServiceSignals::Event::Reload:
          daemon_.reload();
          break;
        case ServiceSignals::Event::HandOver:
          if (const auto end = handOver()) {
            return *end;
          }
          break;
        case ServiceSignals::Event::Timeout:
          break;
      }
      answerWatchdog();
      manager_.status(daemon_.statusText());
    }
  }

  // The watchdog is answered only while the engine answers a client, so that one that hangs is restarted.
  void answerWatchdog() {
    const auto interval = manager_.watchdogInterval();
    if (!interval) {
      return;
    }
    const std::string fault = selfCheck(daemon_.selfCheckTarget(), *interval / 2);
    if (fault.empty()) {
      manager_.alive();
    } else {
      daemon_.logger().error("self_check_failed", {{"error", fault}});
    }
  }

  // nullopt: there was none, and this process goes on serving.
  std::optional<End> handOver() {
    std::string fault = daemon_.whyNoHandOver();
    std::optional<End> end;
    if (fault.empty()) {
      try {
        daemon_.logger().info("hand_over_started", {{"program", command_.front()}});
        successor_ = Successor::start(command_, daemon_.listeningSockets(), ground_);
        fault = waitUntilReady(end);
      } catch (const base::IoError& error) {
        fault = error.what();
      }
    }
    if (!fault.empty()) {
      successor_.reset();
      daemon_.logger().error("hand_over_failed", {{"error", fault}, {"effect", "this process goes on serving"}});
      daemon_.handOverRequests().answer(base::fail(fault + "; the old process goes on serving"));
      return end;
    }
    leaveTheRestToSuccessor();
    return End::HandedOver;
  }

  // Empty: it serves. Otherwise it is gone, and `end` is set when this process was told to end meanwhile.
  std::string waitUntilReady(std::optional<End>& end) {
    const auto deadline = Steady::now() + kSuccessorStart;
    while (true) {
      const auto event = signals_.wait(kLook, successor_->descriptor());
      const auto news = successor_->read();
      if (news == Successor::News::Ready) {
        return "";
      }
      if (news == Successor::News::Gone) {
        return whyGone();
      }
      if (event == ServiceSignals::Event::Reload) {
        daemon_.reload();
      }
      if (event == ServiceSignals::Event::Terminate || Steady::now() >= deadline) {
        successor_->kill();
        end = event == ServiceSignals::Event::Terminate ? std::optional(End::Told) : std::nullopt;
        return end ? "this process was told to end" : "the new process did not start within 90 s, and was ended";
      }
      answerWatchdog();
    }
  }

  [[nodiscard]] std::string whyGone() const {
    if (successor_->takesRestart()) {
      return std::string(kTakesRestart) + "; what has changed is in the log before this line";
    }
    if (successor_->cannotRun() != 0) {
      return "cannot run " + command_.front() + ": " + std::strerror(successor_->cannotRun());
    }
    return "the new process (" + command_.front() + ", process " + std::to_string(successor_->pid()) +
           ") ended before it served; its reason is in the log before this line";
  }

  void leaveTheRestToSuccessor() {
    manager_.status("handed over to process " + std::to_string(successor_->pid()));
    manager_.handedOver(successor_->pid());
    daemon_.handOver();
    successor_->confirm();
    daemon_.logger().info("handed_over", {{"successor", successor_->pid()}, {"connections", daemon_.connections()}});
    daemon_.handOverRequests().answer(nlohmann::json{{"pid", successor_->pid()}, {"predecessor", ::getpid()}}.dump());
  }

  End finishWhatIsLeft() {
    const auto deadline = Steady::now() + settings_.http.handOverDeadline;
    bool alive = true;
    while (!daemon_.finished()) {
      if (Steady::now() >= deadline) {
        daemon_.logger().warn("hand_over_deadline", {{"connections", daemon_.connections()}, {"effect", "cut off"}});
        break;
      }
      switch (signals_.wait(kLook, alive ? successor_->descriptor() : -1)) {
        case ServiceSignals::Event::Terminate:
          return End::Told;
        case ServiceSignals::Event::HandOver:
          daemon_.handOverRequests().answer(base::fail(std::string("this process has handed over already")));
          break;
        case ServiceSignals::Event::Reload:
          daemon_.reload();
          break;
        case ServiceSignals::Event::Timeout:
          break;
      }
      alive = alive && heedSuccessor();
    }
    return End::HandedOver;
  }

  // False once it is gone.
  bool heedSuccessor() {
    const auto news = successor_->read();
    if (news == Successor::News::Reload) {
      daemon_.reload();
      successor_->reloaded();
    }
    return news != Successor::News::Gone;
  }

  void stop() {
    daemon_.handOverRequests().close("registryd is ending");
    daemon_.logger().info("stop", {{"drain_seconds", kDrain.count()}});
    if (!successor_) {
      manager_.stopping();
    }
    ServiceSignals::restoreDefaults();
    const auto deadline = Steady::now() + kDrain;
    daemon_.stop(kDrain);
    // Once the main process has ended, systemd sends those that are left another SIGTERM, which ends them at once.
    while (predecessor_ && !predecessor_->ended() && Steady::now() < deadline) {
      std::this_thread::sleep_for(kLook);
    }
    daemon_.logger().info("stopped", {});
  }

  const config::StartupSettings& settings_;
  const std::vector<std::string> command_;
  ServiceSignals signals_;  // before any thread
  ServiceManager manager_;
  std::unique_ptr<Predecessor> predecessor_;
  std::optional<Successor> successor_;
  CommonGround ground_;
  Daemon daemon_;
};

}  // namespace

int serve(const config::StartupSettings& settings, const std::string& version) {
  Service(settings, version).run();
  return 0;
}

}  // namespace rha::registryd
