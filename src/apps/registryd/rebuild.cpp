#include "apps/registryd/rebuild.h"

#include <future>
#include <stdexcept>

#include "apps/registryd/logging.h"
#include "apps/registryd/registry_parts.h"
#include "apps/registryd/service_signals.h"
#include "control/control_socket.h"

namespace rha::registryd {
namespace {

constexpr std::chrono::seconds kReportEvery{2};

// A running registry would go on with what it has in memory and write to the index that is being replaced.
void refuseWhileRunning(const std::string& socket) {
  if (!socket.empty() && control::callControl(socket, R"({"command":"status"})", std::chrono::seconds(5)).ok()) {
    throw std::runtime_error("registryd is running (it answers on " + socket +
                             "); stop it first, or remove the index file and restart it: it then makes the index "
                             "while it serves");
  }
}

void report(const base::Logger& logger, std::string_view event, const registry::BuildProgress& progress) {
  logger.info(event, {{"repositories", progress.repositories.load()},
                      {"manifests", progress.manifests.load()},
                      {"tags", progress.tags.load()},
                      {"problems", progress.problems.load()}});
}

}  // namespace

int rebuildIndexOf(const config::StartupSettings& settings) {
  refuseWhileRunning(settings.control.socket);
  ServiceSignals signals;
  const base::Logger logger = makeLogger(settings.log);
  const base::SystemClock clock;
  base::MetricsRegistry metrics;
  const auto parts = openRegistry(settings, clock, logger, metrics);

  registry::BuildProgress progress;
  std::atomic<bool> stop = false;
  auto work = std::async(std::launch::async, [&] { return rebuildIndex(*parts, progress, stop); });
  base::SteadyTime reportAfter = clock.steady() + kReportEvery;
  while (work.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    stop = stop || signals.wait(std::chrono::milliseconds(50)) == ServiceSignals::Event::Terminate;
    if (const auto now = clock.steady(); now >= reportAfter) {
      report(logger, "index_build", progress);
      reportAfter = now + kReportEvery;
    }
  }
  const bool done = work.get();
  report(logger, done ? "index_built" : "index_build_stopped", progress);
  return done ? 0 : 1;
}

}  // namespace rha::registryd
