#include "apps/registryd/hand_over.h"

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>

#include "control/control_socket.h"

namespace rha::registryd {
namespace {

// Longer than the daemon takes to give up.
constexpr std::chrono::seconds kPatience{120};
constexpr int kTooOld = 3;
constexpr int kNoneRuns = 4;
constexpr int kNeedsRestart = 5;

int exitCodeOf(std::string_view error) {
  if (error.starts_with("cannot connect to ")) {
    return kNoneRuns;
  }
  if (error.starts_with(kTakesRestart)) {
    return kNeedsRestart;
  }
  return error.find("unknown command") != std::string_view::npos ? kTooOld : 1;
}

}  // namespace

int askForHandOver(const config::StartupSettings& settings) {
  if (settings.control.socket.empty()) {
    std::fputs("registryd: control.socket is empty; send the daemon SIGUSR2 instead\n", stderr);
    return 1;
  }
  const auto outcome = control::callControl(settings.control.socket, R"({"command":"hand_over"})", kPatience);
  if (!outcome) {
    std::fprintf(stderr, "registryd: no hand-over: %s\n", outcome.error().c_str());
    return exitCodeOf(outcome.error());
  }
  const auto result = nlohmann::json::parse(*outcome);
  std::printf("process %d serves; process %d finishes its transfers\n", result.at("pid").get<int>(),
              result.at("predecessor").get<int>());
  return 0;
}

}  // namespace rha::registryd
