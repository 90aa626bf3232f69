#include "storage/request_metrics.h"

#include "base/backend_count.h"

namespace rha::storage {

RequestMetrics::RequestMetrics(std::string_view driver, base::MetricsRegistry& metrics)
    : driver_(driver),
      metrics_(metrics),
      sent_(metrics.counter("registry_ha_storage_sent_bytes_total", "Bytes of bodies sent to the object store.",
                            {{"driver", driver_}})),
      received_(metrics.counter("registry_ha_storage_received_bytes_total",
                                "Bytes of bodies received from the object store.", {{"driver", driver_}})),
      damaged_(metrics.counter("registry_ha_storage_damaged_total",
                               "Objects found with parts missing, short or changed.", {{"driver", driver_}})) {}

void RequestMetrics::attempt(std::string_view operation, int status, std::chrono::steady_clock::duration took) {
  base::countBackendRequest();
  const std::string name(operation);
  metrics_
      .counter("registry_ha_storage_requests_total", "Requests to the object store.",
               {{"driver", driver_}, {"operation", name}, {"status", status == 0 ? "none" : std::to_string(status)}})
      .add();
  metrics_
      .histogram("registry_ha_storage_request_seconds", "Time from a request to the head of its answer.",
                 base::latencyBuckets(), {{"driver", driver_}, {"operation", name}})
      .observe(std::chrono::duration<double>(took).count());
}

void RequestMetrics::retry(std::string_view operation) {
  metrics_
      .counter("registry_ha_storage_retries_total", "Requests to the object store that were made again.",
               {{"driver", driver_}, {"operation", std::string(operation)}})
      .add();
}

}  // namespace rha::storage
