#include "apps/docker-registryctl/fsck.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <optional>
#include <thread>

#include "apps/docker-registryctl/fsck_text.h"
#include "base/text.h"
#include "control/control_socket.h"

namespace rha::registryctl {
namespace {

using Json = FsckJson;
using Answer = base::Result<Json, std::string>;
using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds kDeadline{30};
constexpr std::chrono::milliseconds kPoll{200};
// Where nobody watches a terminal.
constexpr std::chrono::seconds kReport{30};
constexpr std::uint64_t kMib = std::uint64_t{1} << 20U;
constexpr std::uint64_t kMostMib = 1'000'000;

std::atomic<bool> interrupted = false;  // set by the signal handler, which can reach nothing else

void onInterrupt(int) { interrupted = true; }

// The next SIGINT or SIGTERM is ours; the one after it ends the program.
void catchInterrupts() {
  struct sigaction action {};
  action.sa_handler = onInterrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

Outcome cannot(const std::string& text) { return {ExitCode::WrongUse, "", "docker-registryctl: " + text + '\n'}; }

// Follows a check to its end, printing what it finds.
class Follower final {
 public:
  explicit Follower(const Options& options) : options_(options), onTerminal_(::isatty(STDERR_FILENO) == 1) {}

  Answer ask(Json request) {
    const auto answer = control::callControl(options_.socket, request.dump(), kDeadline);
    return answer ? Answer(Json::parse(*answer)) : Answer(base::fail(answer.error()));
  }

  // What registryd says in the end; nullopt when it cannot be asked any more.
  Answer follow() {
    catchInterrupts();
    while (true) {
      Answer status = ask({{"command", "fsck_status"}, {"after", number_}});
      if (!status) {
        clearProgress();
        return status;
      }
      const bool running = status->value("state", "") == "running";
      print((*status)["findings"]);
      number_ = status->value("number", number_);
      if (!running && (*status)["findings"].empty()) {
        clearProgress();
        return status;
      }
      if (interrupted.exchange(false)) {
        static_cast<void>(ask({{"command", "fsck_stop"}}));  // refused if it has just come to its end
      }
      if (running && (*status)["findings"].empty()) {
        showProgress((*status)["progress"]);
        std::this_thread::sleep_for(kPoll);
      }
    }
  }

  [[nodiscard]] std::uint64_t damageLeft() const { return damageLeft_; }

 private:
  void print(const Json& findings) {
    if (!findings.empty()) {
      clearProgress();
    }
    for (const Json& finding : findings) {
      damageLeft_ += finding.value("weight", "") == "damage" && finding.value("outcome", "") == "left" ? 1 : 0;
      const std::string text = options_.format == Format::Json ? finding.dump() + '\n' : findingText(finding);
      std::fputs(text.c_str(), stdout);
    }
    std::fflush(stdout);
  }

  void showProgress(const Json& progress) {
    if (onTerminal_) {
      std::fprintf(stderr, "\r\033[K%s", progressText(progress).c_str());
      std::fflush(stderr);
    } else if (const auto now = Steady::now(); now >= reportAfter_) {
      std::fprintf(stderr, "%s\n", progressText(progress).c_str());
      reportAfter_ = now + kReport;
    }
  }

  void clearProgress() const {
    if (onTerminal_) {
      std::fputs("\r\033[K", stderr);
      std::fflush(stderr);
    }
  }

  const Options& options_;
  const bool onTerminal_;
  std::int64_t number_ = 0;
  std::uint64_t damageLeft_ = 0;
  Steady::time_point reportAfter_ = Steady::now() + kReport;
};

// Why the options do not go together; "" if they do.
std::string faultOf(const Options& options) {
  if (!options.words.empty()) {
    return "fsck and adopt take no argument; --repository names one";
  }
  if (options.deleteToo && !options.repair) {
    return "--delete needs --repair";
  }
  const bool chosen = options.repair || options.readAll || !options.rate.empty() || !options.repositories.empty();
  if (options.resume && chosen) {
    return "--resume goes on with the options that the check had; give no others";
  }
  if ((options.statusOnly || options.cancel) && (chosen || options.resume || (options.statusOnly && options.cancel))) {
    return "--status and --cancel stand alone";
  }
  const auto rate = base::parseUnsigned(options.rate);
  if (!options.rate.empty() && (!rate || *rate == 0 || *rate > kMostMib)) {
    return "--rate needs a number of MiB a second, from 1 up";
  }
  return "";
}

Json startRequest(const Options& options) {
  Json request{{"command", "fsck_start"}};
  if (options.resume) {
    request["resume"] = true;
    return request;
  }
  request["repair"] = options.repair;
  request["delete"] = options.deleteToo;
  request["read_all"] = options.readAll;
  request["repositories"] = options.repositories;
  if (!options.rate.empty()) {
    request["bytes_per_second"] = *base::parseUnsigned(options.rate) * kMib;
  }
  return request;
}

Json summaryOf(const Json& status, std::uint64_t damageLeft) {
  Json summary{{"state", status.value("state", "")}, {"damage_left", damageLeft}};
  for (const char* key : {"error", "options", "counts", "sums"}) {
    if (status.contains(key)) {
      summary[key] = status[key];
    }
  }
  return {{"summary", summary}};
}

// The end of a check that was followed; nullopt when it came to its end by itself.
std::optional<Outcome> brokenOff(const Answer& status) {
  if (!status) {
    return cannot(status.error() + "\nThe check may still run, or may be resumed: docker-registryctl fsck --status");
  }
  const std::string state = status->value("state", "");
  if (state == "stopped") {
    return cannot("the check was stopped; docker-registryctl fsck --resume goes on with it");
  }
  if (state != "done") {
    return cannot("the check failed: " + status->value("error", "registryd does not say why"));
  }
  return std::nullopt;
}

Outcome statusOutcome(const Options& options, const Answer& status) {
  if (!status) {
    return cannot(status.error());
  }
  if (options.format == Format::Json) {
    Json shown = *status;
    shown.erase("findings");
    shown.erase("number");
    return {ExitCode::Ok, shown.dump(2) + '\n', ""};
  }
  const std::string state = status->value("state", "");
  if (state == "none") {
    return {ExitCode::Ok, "there was no check\n", ""};
  }
  return {ExitCode::Ok, state + ": " + progressText((*status)["progress"]) + '\n', ""};
}

}  // namespace

Outcome fsck(const Options& options) {
  if (const std::string fault = faultOf(options); !fault.empty()) {
    return cannot(fault);
  }
  Follower follower(options);
  if (options.statusOnly || options.cancel) {
    return statusOutcome(options, follower.ask({{"command", options.cancel ? "fsck_stop" : "fsck_status"}}));
  }
  if (const Answer started = follower.ask(startRequest(options)); !started) {
    return cannot(started.error());
  }
  const Answer status = follower.follow();
  if (auto outcome = brokenOff(status)) {
    return *outcome;
  }
  const std::uint64_t left = follower.damageLeft();
  Outcome outcome;
  outcome.code = left == 0 ? ExitCode::Ok : ExitCode::RegistryError;
  outcome.out = options.format == Format::Json ? summaryOf(*status, left).dump() + '\n' : summaryText(*status, left);
  return outcome;
}

}  // namespace rha::registryctl
