// SwiftCall: one request to Swift, made again until it is answered: with a new token after 401, after a pause on 408,
// 409, 422, 429, 498, 499, 5xx and broken connections. SwiftService: what all calls share.
//
//   const auto response = SwiftCall(service, {.operation = "object_head", .method = "HEAD", .object = name}).finish();
//
// 2xx, 304, 404, 412 and 416 are answers; everything else is StorageError in the end. Every request is made so that
// doing it twice is harmless.
// A call belongs to one thread at a time; the service is thread-safe and outlives its calls.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/lock_guarded.h"
#include "fetch/client.h"
#include "storage/http_call.h"
#include "storage/request_metrics.h"
#include "storage/storage_error.h"
#include "storage/swift_auth.h"
#include "storage/swift_names.h"
#include "storage/swift_settings.h"

namespace rha::storage {

class SwiftService final {
 public:
  // `clock` and `metrics` are borrowed.
  SwiftService(const SwiftSettings& settings, const base::Clock& clock, base::MetricsRegistry& metrics);

  const SwiftSettings settings;
  const SwiftNames names;
  RequestMetrics metrics;
  fetch::Client client;
  SwiftAuth auth;
  base::LockGuarded<std::set<std::string>> wrong;  // names of objects whose bytes are known to be wrong
  std::size_t pageEntries = 1000;                  // of a container listing; set before the service is shared
};

// When 404 means that an object is not there. An object server finds an object's file and opens it in two steps; one
// that is replaced in between (a tag's link) is answered with 404 although it was there all the time. So what may be
// replaced is absent only if it is twice.
enum class Absence { SaidOnce, SaidTwice };

struct SwiftRequest {
  std::string_view operation;  // for metrics
  std::string method = "GET";
  std::string object = {};  // its name; empty: the container
  std::string query = {};
  fetch::Headers headers = {};
  const fetch::RequestBody* body = nullptr;  // borrowed until the call is destroyed
  std::string endpoint = {};                 // the storage URL; empty: the one that comes with the token
  Absence absence = Absence::SaidOnce;
};

class SwiftCall final : public HttpCall {
 public:
  SwiftCall(SwiftService& service, SwiftRequest request)
      : HttpCall(service.metrics, request.operation, service.settings.retry),
        service_(service),
        request_(std::move(request)) {}

  // The whole answer. A body beyond `maxBytes` is StorageError(Corrupt).
  fetch::Response finish(std::uint64_t maxBytes = 64 * 1024);

  // The answer whose body is still to be read; its head is there. Reading it may throw fetch::FetchError.
  std::unique_ptr<fetch::Exchange> open();

  // The endpoint that was asked last.
  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }

 private:
  // False: to be made again. `take` gets the exchange of a good answer.
  bool attempt(const std::function<void(std::unique_ptr<fetch::Exchange>)>& take);
  void run(const std::function<void(std::unique_ptr<fetch::Exchange>)>& take);
  void send() override;
  [[nodiscard]] std::string subject() const override;
  bool judge(const fetch::ResponseHead& head);

  SwiftService& service_;
  SwiftRequest request_;
  std::shared_ptr<const SwiftToken> token_;  // shared with SwiftAuth and other calls
  std::string endpoint_;
  unsigned absences_ = 0;  // answers with 404
  bool refused_ = false;   // the last answer was 401, and the token before it was refused, too
};

// Whether the status is 2xx.
inline bool succeeded(const fetch::ResponseHead& head) { return head.status >= 200 && head.status <= 299; }

}  // namespace rha::storage
