#include "apps/registryd/rebuild.h"

#include <filesystem>
#include <future>
#include <memory>

#include "apps/registryd/logging.h"
#include "apps/registryd/registry_parts.h"
#include "apps/registryd/service_signals.h"
#include "control/control_socket.h"
#include "storage/storage_error.h"

namespace rha::registryd {
namespace {

constexpr std::chrono::seconds kReportEvery{2};

void report(const base::Logger& logger, std::string_view event, const registry::BuildProgress& progress) {
  logger.info(event, {{"repositories", progress.repositories.load()},
                      {"manifests", progress.manifests.load()},
                      {"tags", progress.tags.load()},
                      {"problems", progress.problems.load()}});
}

// A mirror may only read the copy that it serves, which is enough here.
std::unique_ptr<RegistryParts> openForRebuild(const config::StartupSettings& settings, const base::Clock& clock,
                                              const base::Logger& logger, base::MetricsRegistry& metrics) {
  try {
    return openRegistry(settings, clock, logger, metrics);
  } catch (const storage::StorageError& error) {
    if (error.failure() != storage::StorageFailure::Broken) {
      throw;
    }
    logger.warn("storage_is_read_only", {{"error", error.what()}, {"effect", "the index is made all the same"}});
    return openRegistry(settings, clock, logger, metrics, storage::OpenFor::Reading);
  }
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
  const auto parts = openForRebuild(settings, clock, logger, metrics);

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
