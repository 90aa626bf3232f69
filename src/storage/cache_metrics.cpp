#include "storage/cache_metrics.h"

#include <string>

namespace rha::storage {
namespace {

base::Counter& fills(base::MetricsRegistry& metrics, const char* outcome) {
  return metrics.counter("registry_ha_disk_cache_fills_total", "Blobs fetched into the cache, by how it ended.",
                         {{"outcome", outcome}});
}

base::Counter& counter(base::MetricsRegistry& metrics, const std::string& name, const char* help) {
  return metrics.counter("registry_ha_disk_cache_" + name + "_total", help);
}

base::Gauge& gauge(base::MetricsRegistry& metrics, const std::string& name, const char* help) {
  return metrics.gauge("registry_ha_disk_cache_" + name, help);
}

}  // namespace

CacheMetrics::CacheMetrics(base::MetricsRegistry& metrics)
    : hits(counter(metrics, "hits", "Reads of blobs served from a file of the cache.")),
      joined(counter(metrics, "joined", "Reads of blobs served from a fetch that was under way.")),
      misses(counter(metrics, "misses", "Reads of blobs that the storage was asked for.")),
      bypassed(counter(metrics, "bypassed", "Misses whose blob was not fetched: no fill or no room was free.")),
      published(fills(metrics, "published")),
      mismatches(fills(metrics, "wrong_digest")),
      brokenFills(fills(metrics, "broken_off")),
      diskFailures(counter(metrics, "disk_failures", "Operations on the cache's disk that failed.")),
      evictions(counter(metrics, "evictions", "Blobs dropped to make room.")),
      verifiedFiles(counter(metrics, "verified", "Files of the cache hashed again and found right.")),
      verifyFailures(counter(metrics, "verify_failures", "Files of the cache found damaged and removed.")),
      resumed(counter(metrics, "resumed", "Answers that went on from the storage when the cache failed.")),
      bytes(gauge(metrics, "bytes", "Bytes of blobs in the cache.")),
      files(gauge(metrics, "files", "Blobs in the cache.")),
      fillsUnderWay(gauge(metrics, "fills_under_way", "Blobs being fetched into the cache.")) {}

}  // namespace rha::storage
