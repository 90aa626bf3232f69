#include "apps/docker-registryctl/fsck_follower.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <optional>
#include <thread>

#include "base/text.h"
#include "control/control_socket.h"

namespace rha::registryctl {
namespace {

using Json = FsckJson;
using Answer = FsckFollower::Answer;
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

}  // namespace

FsckFollower::FsckFollower(const Options& options)
    : options_(options), onTerminal_(::isatty(STDERR_FILENO) == 1), reportAfter_(Steady::now() + kReport) {}

Answer FsckFollower::ask(const Json& request) const {
  const auto answer = control::callControl(options_.socket, request.dump(), kDeadline);
  return answer ? Answer(Json::parse(*answer)) : Answer(base::fail(answer.error()));
}

Answer FsckFollower::follow() {
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

void FsckFollower::print(const Json& findings) {
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

void FsckFollower::showProgress(const Json& progress) {
  if (onTerminal_) {
    std::fprintf(stderr, "\r\033[K%s", progressText(progress).c_str());
    std::fflush(stderr);
  } else if (const auto now = Steady::now(); now >= reportAfter_) {
    std::fprintf(stderr, "%s\n", progressText(progress).c_str());
    reportAfter_ = now + kReport;
  }
}

void FsckFollower::clearProgress() const {
  if (onTerminal_) {
    std::fputs("\r\033[K", stderr);
    std::fflush(stderr);
  }
}

std::string fsckFault(const Options& options) {
  if (!options.words.empty()) {
    return "fsck takes no argument; --repository names a repository";
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

Json fsckStartRequest(const Options& options) {
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

std::optional<Outcome> fsckBrokenOff(const Answer& status) {
  if (!status) {
    return fsckCannot(status.error() +
                      "\nThe check may still run, or may be resumed: docker-registryctl fsck --status");
  }
  const std::string state = status->value("state", "");
  if (state == "stopped") {
    return fsckCannot("the check was stopped; docker-registryctl fsck --resume goes on with it");
  }
  if (state != "done") {
    return fsckCannot("the check failed: " + status->value("error", "registryd does not say why"));
  }
  return std::nullopt;
}

Outcome fsckCannot(const std::string& text) { return {ExitCode::WrongUse, "", "docker-registryctl: " + text + '\n'}; }

}  // namespace rha::registryctl
