// RequestMetrics: the requests that a driver makes to its object store.
//
//   registry_ha_storage_requests_total{driver="swift",operation="object_get",status="200"}   every attempt
//   registry_ha_storage_retries_total{driver="swift",operation="object_get"}                 attempts after the first
//   registry_ha_storage_request_seconds{driver="swift",operation="object_get"}               to the head of the answer
//   registry_ha_storage_sent_bytes_total, registry_ha_storage_received_bytes_total{driver="swift"}   of bodies
//   registry_ha_storage_damaged_total{driver="swift"}   objects found with parts missing, short or changed
//
// status is "none" where no answer came. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/metrics.h"

namespace rha::storage {

class RequestMetrics final {
 public:
  // `metrics` is borrowed.
  RequestMetrics(std::string_view driver, base::MetricsRegistry& metrics);

  // An attempt ended (or its answer began); status 0: without an answer.
  void attempt(std::string_view operation, int status, std::chrono::steady_clock::duration took);
  void retry(std::string_view operation);
  // An object was found to be damaged that was not known to be.
  void damaged() { damaged_.add(); }
  void sent(std::uint64_t bytes) { sent_.add(bytes); }
  void received(std::uint64_t bytes) { received_.add(bytes); }

 private:
  std::string driver_;
  base::MetricsRegistry& metrics_;
  base::Counter& sent_;
  base::Counter& received_;
  base::Counter& damaged_;
};

}  // namespace rha::storage
