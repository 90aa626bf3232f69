#include "apps/registryd/service.h"

#include "apps/registryd/daemon.h"
#include "apps/registryd/self_check.h"
#include "apps/registryd/service_manager.h"
#include "apps/registryd/service_signals.h"
#include "apps/registryd/system_sockets.h"

namespace rha::registryd {
namespace {

constexpr std::chrono::seconds kDrain{25};
constexpr std::chrono::seconds kStatusEvery{5};

// The watchdog is answered only while the engine answers a client, so that one that hangs is restarted.
void answerWatchdog(ServiceManager& manager, const Daemon& daemon) {
  const auto interval = manager.watchdogInterval();
  if (!interval) {
    return;
  }
  const std::string fault = selfCheck(daemon.selfCheckTarget(), *interval / 2);
  if (fault.empty()) {
    manager.alive();
  } else {
    daemon.logger().error("self_check_failed", {{"error", fault}});
  }
}

void runUntilTold(ServiceSignals& signals, ServiceManager& manager, Daemon& daemon) {
  const auto round =
      std::min<std::chrono::milliseconds>(kStatusEvery, manager.watchdogInterval().value_or(kStatusEvery));
  while (true) {
    switch (signals.wait(round)) {
      case ServiceSignals::Event::Terminate:
        return;
      case ServiceSignals::Event::Reload:
        daemon.reload();
        break;
      case ServiceSignals::Event::Timeout:
        break;
    }
    answerWatchdog(manager, daemon);
    manager.status(daemon.statusText());
  }
}

}  // namespace

int serve(const config::StartupSettings& settings, const std::string& version) {
  ServiceSignals signals;
  ServiceManager manager;
  Daemon daemon(settings, version);
  daemon.start(takeSystemSockets());
  manager.ready();
  manager.status(daemon.statusText());
  runUntilTold(signals, manager, daemon);
  daemon.logger().info("stop", {{"drain_seconds", kDrain.count()}});
  manager.stopping();
  ServiceSignals::restoreDefaults();
  daemon.stop(kDrain);
  daemon.logger().info("stopped", {});
  return 0;
}

}  // namespace rha::registryd
