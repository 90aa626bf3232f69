// S3Call: one signed request to S3, made again until it is answered: after a pause on 408, 409, 429, 5xx, SlowDown and
// its like, and broken connections; at once when the credentials were refused and their file has others by now.
// S3Service: what all calls share.
//
//   const auto answer = S3Call(service, {.operation = "object_head", .method = "HEAD", .key = key}).finish();
//
// 2xx, 404, 412 and 416 are answers; everything else is StorageError in the end, with what the operator can do about
// it. So is a bucket that is not there. Every request is made so that doing it twice is harmless.
// A copy is answered 200 before it is done: an <Error> in the body counts as a status would.
// A call belongs to one thread at a time; the service is thread-safe and outlives its calls.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/lock_guarded.h"
#include "fetch/client.h"
#include "storage/http_call.h"
#include "storage/request_metrics.h"
#include "storage/s3_credentials.h"
#include "storage/s3_settings.h"
#include "storage/s3_signer.h"
#include "storage/s3_xml.h"
#include "storage/storage_error.h"

namespace rha::storage {

class S3Service final {
 public:
  // `clock` and `metrics` are borrowed.
  S3Service(const S3Settings& settings, const base::Clock& clock, base::MetricsRegistry& metrics);

  // The key of a path: under the prefix, as distribution 2.8's s3 driver names it.
  [[nodiscard]] std::string key(std::string_view path) const;
  // Path of a URL: of the bucket where `key` is empty.
  [[nodiscard]] std::string urlPath(std::string_view key) const;
  // For the log: "bucket/key".
  [[nodiscard]] std::string shown(std::string_view key) const;

  const S3Settings settings;
  const base::Clock& clock;
  RequestMetrics metrics;
  fetch::Client client;
  S3CredentialsFile credentials;
  std::string origin;  // "https://host:port"
  std::string host;    // as it is signed
  // Keys of objects that are known to hold other bytes than they should: the next commit replaces them.
  base::LockGuarded<std::set<std::string>> wrong;

 private:
  std::string pathPrefix_;
};

struct S3Request {
  std::string_view operation;  // for metrics
  std::string method = "GET";
  std::string key = {};  // empty: the bucket
  S3Query query = {};
  fetch::Headers headers = {};
  const fetch::RequestBody* body = nullptr;  // borrowed until the call is destroyed
  std::string bodyHash = {};                 // SHA-256 in hex, with a body
};

struct S3Answer {
  fetch::ResponseHead head;
  std::string body;                         // of finish(), and of what is no 2xx
  S3ErrorBody error;                        // of 404, 412 and 416; empty where the answer has no body
  std::unique_ptr<fetch::Exchange> stream;  // of open() and 2xx: the body is still to be read

  [[nodiscard]] bool good() const { return head.status >= 200 && head.status <= 299; }
  // 404 of an S3 that stands before Swift: it is also what an object is answered with that is being replaced just then.
  // Whoever reads asks a second time.
  [[nodiscard]] bool isDoubtfulAbsence() const {
    return head.status == 404 && (head.find("X-Openstack-Request-Id") || head.find("X-Trans-Id"));
  }
};

class S3Call final : public HttpCall {
 public:
  S3Call(S3Service& service, S3Request request)
      : HttpCall(service.metrics, request.operation, service.settings.retry),
        service_(service),
        request_(std::move(request)) {}

  // The whole answer. A body beyond `maxBytes` is StorageError(Corrupt).
  S3Answer finish(std::uint64_t maxBytes = 64 * 1024);
  // The answer with its body still to be read; reading it may throw fetch::FetchError.
  S3Answer open();

 private:
  enum class Verdict : std::uint8_t { Answered, Again, AgainAtOnce };

  S3Answer run(std::optional<std::uint64_t> maxBytes);
  Verdict attempt(S3Answer& answer, std::optional<std::uint64_t> maxBytes);
  void send() override;
  [[nodiscard]] std::string subject() const override;
  Verdict judge(S3Answer& answer);
  Verdict judgeRefusal(const S3Answer& answer);
  [[nodiscard]] std::string hint(const S3Answer& answer) const;

  S3Service& service_;
  S3Request request_;
  std::shared_ptr<const S3Credentials> credentials_;  // shared with S3CredentialsFile and other calls
};

}  // namespace rha::storage
