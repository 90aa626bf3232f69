#include "apps/registryd/http_metrics.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"

namespace rha::registryd {
namespace {

constexpr std::string_view kRefused = "refused";
constexpr auto kHandlers =
    std::to_array<std::string_view>({"base", "catalog", "tags", "manifest", "blob", "blob_upload", "blob_upload_chunk",
                                     "referrers", "other", kRefused});
// client_golang's promhttp writes them in lower case.
constexpr std::array<std::string_view, 8> kMethods{"get", "head", "post", "put", "patch", "delete", "options", "other"};
// 0: no answer was sent, the client was gone. The last is for codes that are not listed.
constexpr std::array<int, 29> kCodes{0,   200, 201, 202, 204, 206, 301, 304, 307, 400, 401, 403, 404, 405, 406,
                                     408, 409, 411, 413, 414, 415, 416, 429, 431, 500, 501, 503, 507, -1};

// A pull takes 0 to 3, a push some more; what is beyond was made again many times, or is a deletion of many tags.
const std::vector<double> kStorageRequestBuckets{0, 1, 2, 3, 4, 6, 10, 20, 50, 200};

std::size_t methodIndex(std::string_view method) {
  for (std::size_t i = 0; i + 1 < kMethods.size(); ++i) {
    if (base::equalIgnoringCase(kMethods[i], method)) {
      return i;
    }
  }
  return kMethods.size() - 1;
}

std::size_t codeIndex(int status) {
  const auto* found = std::find(kCodes.begin(), kCodes.end() - 1, status);
  return static_cast<std::size_t>(found - kCodes.begin());
}

std::string codeText(int code) { return code < 0 ? "other" : code == 0 ? "none" : std::to_string(code); }

// The last three parts of a path that ends in "/A/B/C"; the rest is the repository's name.
struct Tail {
  std::string_view third;  // from the end
  std::string_view second;
  std::string_view last;
};

Tail tailOf(std::string_view path) {
  Tail tail;
  for (std::string_view* part : {&tail.last, &tail.second, &tail.third}) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) {
      break;
    }
    *part = path.substr(slash + 1);
    path = path.substr(0, slash);
  }
  return tail;
}

}  // namespace

std::string_view handlerLabel(std::string_view path) {
  if (path == "/v2/" || path == "/v2") {
    return "base";
  }
  if (path == "/v2/_catalog") {
    return "catalog";
  }
  if (!path.starts_with("/v2/")) {
    return "other";
  }
  const Tail tail = tailOf(path);
  if (tail.third == "blobs" && tail.second == "uploads") {
    return tail.last.empty() ? "blob_upload" : "blob_upload_chunk";
  }
  if (tail.second == "blobs") {
    return tail.last == "uploads" ? "blob_upload" : "blob";
  }
  if (tail.second == "manifests") {
    return "manifest";
  }
  if (tail.second == "tags" && tail.last == "list") {
    return "tags";
  }
  return tail.second == "referrers" ? "referrers" : "other";
}

HttpMetrics::HttpMetrics(base::MetricsRegistry& metrics) : metrics_(metrics) {
  static_assert(kHandlers.size() == kHandlerCount && kMethods.size() == kMethodCount && kCodes.size() == kCodeCount);
  for (std::size_t i = 0; i < kHandlerCount; ++i) {
    Handler& handler = handlers_[i];
    handler.label = kHandlers[i];
    const base::MetricLabels labels{{"handler", std::string(handler.label)}};
    handler.inFlight = &metrics.gauge("registry_http_in_flight_requests", "Requests being answered.", labels);
    handler.requestSize = &metrics.histogram("registry_http_request_size_bytes", "Bytes of the bodies of requests.",
                                             base::sizeBuckets(), labels);
    handler.responseSize = &metrics.histogram("registry_http_response_size_bytes", "Bytes of the bodies of answers.",
                                              base::sizeBuckets(), labels);
  }
}

void HttpMetrics::started(const net::Request& request) { find(handlerLabel(request.path)).inFlight->add(1); }

void HttpMetrics::ended(const net::Request& request, const net::ExchangeResult& result) {
  Handler& handler = find(handlerLabel(request.path));
  const std::size_t method = methodIndex(request.method);
  handler.requestSize->observe(static_cast<double>(result.bytesIn));
  handler.responseSize->observe(static_cast<double>(result.bytesOut));
  seconds(handler, method).observe(std::chrono::duration<double>(result.endedAt - request.startedAt).count());
  countStorageRequests(handler, method, result.backendRequests);
  requests(handler, method, result.status).add();
  handler.inFlight->add(-1);  // last: whoever sees that none is in flight sees the rest of all that ended
}

void HttpMetrics::refused(int status) { requests(find(kRefused), kMethodCount - 1, status).add(); }

HttpMetrics::Handler& HttpMetrics::find(std::string_view label) {
  const auto* found = std::find(kHandlers.begin(), kHandlers.end(), label);
  return handlers_.at(static_cast<std::size_t>(found - kHandlers.begin()));
}

// Two threads may both make the series: the registry gives them the same one.
base::Histogram& HttpMetrics::seconds(Handler& handler, std::size_t method) {
  base::Histogram* series = handler.seconds[method].load(std::memory_order_acquire);
  if (series == nullptr) {
    series = &metrics_.histogram("registry_http_request_duration_seconds", "Time from a request's head to its end.",
                                 base::latencyBuckets(),
                                 {{"handler", std::string(handler.label)}, {"method", std::string(kMethods[method])}});
    handler.seconds[method].store(series, std::memory_order_release);
  }
  return *series;
}

void HttpMetrics::countStorageRequests(Handler& handler, std::size_t method, std::uint64_t count) {
  base::Histogram* series = handler.storageRequests[method].load(std::memory_order_acquire);
  if (series == nullptr) {
    if (count == 0) {
      return;
    }
    series = &metrics_.histogram("registry_ha_operation_storage_requests",
                                 "Requests to the object store that an operation took.", kStorageRequestBuckets,
                                 {{"handler", std::string(handler.label)}, {"method", std::string(kMethods[method])}});
    handler.storageRequests[method].store(series, std::memory_order_release);
  }
  series->observe(static_cast<double>(count));
}

base::Counter& HttpMetrics::requests(Handler& handler, std::size_t method, int status) {
  const std::size_t code = codeIndex(status);
  std::atomic<base::Counter*>& place = handler.requests[method * kCodeCount + code];
  base::Counter* series = place.load(std::memory_order_acquire);
  if (series == nullptr) {
    series = &metrics_.counter("registry_http_requests_total", "Requests answered.",
                               {{"handler", std::string(handler.label)},
                                {"code", codeText(kCodes[code])},
                                {"method", std::string(kMethods[method])}});
    place.store(series, std::memory_order_release);
  }
  return *series;
}

}  // namespace rha::registryd
