// HttpMetrics: the metrics of requests, with the names and labels that the registry before this one had.
//
//   registry_http_in_flight_requests{handler}                       gauge
//   registry_http_requests_total{handler,code,method}               counter
//   registry_http_request_duration_seconds{handler,method}          histogram
//   registry_ha_operation_storage_requests{handler,method}          histogram, requests to the object store for each
//   registry_http_request_size_bytes{handler}, registry_http_response_size_bytes{handler}   histograms, of bodies
//
// The last but two begins with the first request of its kind that the object store was asked for: a registry whose
// images lie in a folder has none of it, and where it has begun, an answer from memory counts as 0. Every label has a
// small, fixed set of values, so clients cannot make series. Thread-safe; lock-free once made.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/metrics.h"
#include "net/handler.h"

namespace rha::registryd {

// Which resource a path names: "base", "catalog", "tags", "manifest", "blob", "blob_upload", "blob_upload_chunk",
// "referrers" or "other". By its shape only, so that it is known before the request is handled.
std::string_view handlerLabel(std::string_view path);

class HttpMetrics final {
 public:
  // `metrics` is borrowed.
  explicit HttpMetrics(base::MetricsRegistry& metrics);

  // These throw only std::bad_alloc.
  void started(const net::Request& request);
  void ended(const net::Request& request, const net::ExchangeResult& result);
  // A head or connection that was refused: counted as handler "refused", method "other".
  void refused(int status);

 private:
  static constexpr std::size_t kHandlerCount = 10;
  static constexpr std::size_t kMethodCount = 8;
  static constexpr std::size_t kCodeCount = 29;

  // The metrics of one handler. Those of a method or code are made when they first occur: most never do.
  struct Handler {
    std::string_view label;
    base::Gauge* inFlight = nullptr;
    base::Histogram* requestSize = nullptr;
    base::Histogram* responseSize = nullptr;
    std::array<std::atomic<base::Histogram*>, kMethodCount> seconds{};
    std::array<std::atomic<base::Histogram*>, kMethodCount> storageRequests{};
    std::array<std::atomic<base::Counter*>, kMethodCount * kCodeCount> requests{};
  };
  Handler& find(std::string_view label);
  base::Histogram& seconds(Handler& handler, std::size_t method);
  void countStorageRequests(Handler& handler, std::size_t method, std::uint64_t count);
  base::Counter& requests(Handler& handler, std::size_t method, int status);

  base::MetricsRegistry& metrics_;
  std::array<Handler, kHandlerCount> handlers_;
};

}  // namespace rha::registryd
