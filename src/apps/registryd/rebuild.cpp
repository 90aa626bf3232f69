#include "apps/registryd/rebuild.h"

#include <filesystem>
#include <future>

#include "apps/registryd/logging.h"
#include "apps/registryd/registry_parts.h"
#include "apps/registryd/service_signals.h"
#include "control/control_socket.h"

namespace rha::registryd {
namespace {

constexpr std::chrono::seconds kReportEvery{2};

void report(const base::Logger& logger, std::string_view event, const registry::BuildProgress& progress) {
  logger.info(event, {{"repositories", progress.repositories.load()},
                      {"manifests", progress.manifests.load()},
                      {"tags", progress.tags.load()},
                      {"problems", progress.problems.load()}});
}

}  // namespace

int rebuildIndexOf(const config::StartupSettings& settings) {
  ServiceSignals signals;
  const base::Logger logger = makeLogger(settings.log);
  // A running registry would go on writing to the index that is being replaced. Having its control socket keeps one
  // from starting, too. Its folder is there only while the service runs, or if the operator made one.
  control::ControlServer control(logger);
  const std::filesystem::path socket = settings.control.socket;
  if (!socket.empty() && std::filesystem::exists(socket.parent_path())) {
    control.start(socket);
  }
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
