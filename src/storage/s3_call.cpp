#include "storage/s3_call.h"

#include <algorithm>
#include <array>

#include "base/hasher.h"
#include "base/http_date.h"
#include "base/text.h"

namespace rha::storage {
namespace {

constexpr unsigned kMaxExchangesOfCredentials = 3;

bool isOneOf(std::string_view code, std::initializer_list<std::string_view> codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

// BadDigest and its like: the bytes that arrived were not those that were signed.
bool isWorthRepeating(int status, std::string_view code) {
  return (status >= 500 && status != 501 && status != 507) || status == 408 || status == 409 || status == 429 ||
         isOneOf(code, {"InternalError", "SlowDown", "ServiceUnavailable", "RequestTimeout", "OperationAborted",
                        "BadDigest", "IncompleteBody", "XAmzContentSHA256Mismatch", "Throttling", "Busy"});
}

bool isRefusalOfCredentials(int status, std::string_view code) {
  return status == 401 || status == 403 || isOneOf(code, {"ExpiredToken", "InvalidToken"});
}

bool isWrongRegion(int status, std::string_view code) {
  return status == 301 || status == 307 || isOneOf(code, {"AuthorizationHeaderMalformed", "PermanentRedirect"});
}

StorageFailure failureOf(int status, std::string_view code) {
  if (status == 413 || status == 507 || code == "QuotaExceeded") {
    return StorageFailure::NoSpace;
  }
  return isWorthRepeating(status, code) ? StorageFailure::Unavailable : StorageFailure::Broken;
}

// "host:port", without a port that is the scheme's own: what libcurl sends as Host.
std::string hostOf(const std::string& scheme, std::string authority) {
  const std::string_view port = scheme == "https" ? ":443" : ":80";
  if (authority.ends_with(port)) {
    authority.resize(authority.size() - port.size());
  }
  return authority;
}

}  // namespace

S3Service::S3Service(const S3Settings& given, const base::Clock& givenClock, base::MetricsRegistry& registry)
    : settings(given),
      clock(givenClock),
      metrics("s3", registry),
      client({.maxConnections = given.maxConnections, .caFile = given.caFile}),
      credentials(given.credentialsFile, givenClock) {
  const std::string endpoint =
      given.endpoint.empty() ? "https://s3." + given.region + ".amazonaws.com" : given.endpoint;
  const std::size_t authority =
      std::min(endpoint.find("://"), endpoint.size() - std::min<std::size_t>(3, endpoint.size())) + 3;
  const std::size_t path = std::min(endpoint.find('/', authority), endpoint.size());
  const std::string scheme = endpoint.substr(0, authority - 3);
  host = hostOf(scheme, endpoint.substr(authority, path - authority));
  pathPrefix_ = endpoint.substr(path);
  while (pathPrefix_.ends_with('/')) {
    pathPrefix_.pop_back();
  }
  if (given.addressing == S3Addressing::VirtualHost) {
    host.insert(0, given.bucket + '.');
  } else {
    pathPrefix_ += '/' + base::percentEncode(given.bucket);
  }
  origin = scheme + "://" + host;
}

std::string S3Service::key(std::string_view path) const {
  return settings.prefix.empty() ? std::string(path) : settings.prefix + '/' + std::string(path);
}

std::string S3Service::urlPath(std::string_view key) const {
  if (key.empty()) {
    return pathPrefix_.empty() ? "/" : pathPrefix_;
  }
  return pathPrefix_ + '/' + base::percentEncode(key, "/");
}

std::string S3Service::shown(std::string_view key) const {
  return key.empty() ? settings.bucket : settings.bucket + '/' + std::string(key);
}

void S3Call::send() {
  credentials_ = service_.credentials.current();
  const std::string path = service_.urlPath(request_.key);
  const std::string query = canonicalS3Query(request_.query);
  static const std::string kEmptyHash = base::hashHex(base::HashAlgorithm::Sha256, "");
  // Ceph answers 411 to the copy of a part that says nothing of its length.
  static const fetch::MemoryBody kEmptyBody("");
  const bool saysLength = request_.method == "PUT" || request_.method == "POST";
  fetch::Request request{.method = request_.method,
                         .url = service_.origin + path + (query.empty() ? "" : "?" + query),
                         .headers = signS3({.method = request_.method,
                                            .host = service_.host,
                                            .path = path,
                                            .query = query,
                                            .headers = request_.headers,
                                            .payloadHash = request_.body == nullptr ? kEmptyHash : request_.bodyHash},
                                           *credentials_, service_.settings.region, service_.clock.now()),
                         .body = request_.body == nullptr && saysLength ? &kEmptyBody : request_.body};
  begin(service_.client, std::move(request), service_.settings.requestTimeout);
}

std::string S3Call::subject() const { return "s3: " + request_.method + ' ' + service_.shown(request_.key); }

// What the operator can do about it.
std::string S3Call::hint(const S3Answer& answer) const {
  const std::string& code = answer.error.code;
  const std::string file = " (" + service_.credentials.path().string() + ")";
  if (code == "NoSuchBucket") {
    return "make the bucket, or correct storage.s3.bucket or storage.s3.endpoint (" + service_.origin + ")";
  }
  if (isWrongRegion(answer.head.status, code)) {
    const std::string region(answer.head.find("x-amz-bucket-region").value_or(answer.error.region));
    return "the bucket is in " + (region.empty() ? "another region" : "the region " + region) + ", not in " +
           service_.settings.region + ": correct storage.s3.region and storage.s3.endpoint";
  }
  if (code == "RequestTimeTooSkewed") {
    const auto theirs = base::parseHttpDate(answer.head.find("Date").value_or(""));
    const auto ours = std::chrono::floor<std::chrono::seconds>(service_.clock.now());
    return "this machine's clock" +
           (theirs ? " is " + std::to_string((ours - *theirs).count()) + " s ahead of the storage's" : " is wrong") +
           ": check its time synchronisation (timedatectl)";
  }
  if (code == "InvalidAccessKeyId") {
    return "the storage does not know the access key " + credentials_->accessKey + file;
  }
  if (code == "SignatureDoesNotMatch") {
    return "the secret is not that of the access key " + credentials_->accessKey + file +
           ", or a proxy changes the Host header";
  }
  if (isRefusalOfCredentials(answer.head.status, code)) {
    return "the access key " + credentials_->accessKey + file +
           " needs the rights s3:ListBucket, s3:ListBucketMultipartUploads, s3:GetObject, s3:PutObject, "
           "s3:DeleteObject and "
           "s3:AbortMultipartUpload";
  }
  return "";
}

S3Call::Verdict S3Call::judgeRefusal(const S3Answer& answer) {
  // Clocks are not mended by other keys.
  if (answer.error.code != "RequestTimeTooSkewed" && attempts_ <= kMaxExchangesOfCredentials &&
      service_.credentials.replaced(credentials_)) {
    return Verdict::AgainAtOnce;
  }
  fail(lastFailure_);
}

S3Call::Verdict S3Call::judge(S3Answer& answer) {
  const int status = answer.head.status;
  const std::string& code = answer.error.code;
  if (answer.good() && code.empty()) {
    return Verdict::Answered;
  }
  lastError_ = std::to_string(status) + (code.empty() ? "" : ' ' + code);
  if (!answer.error.message.empty()) {
    lastError_ += ": " + answer.error.message.substr(0, 200);
  }
  if (const std::string advice = hint(answer); !advice.empty()) {
    lastError_ += " (" + advice + ")";
  }
  lastFailure_ = failureOf(status, code);
  if (isOneOf(code, {"NoSuchKey", "NoSuchUpload"})) {
    answer.head.status = 404;  // it may have come in the body of a 200
    return Verdict::Answered;
  }
  if ((status == 404 && code != "NoSuchBucket") || status == 412 || status == 416) {
    return Verdict::Answered;
  }
  if (isRefusalOfCredentials(status, code) && lastFailure_ == StorageFailure::Broken) {
    return judgeRefusal(answer);
  }
  if (isWorthRepeating(status, code)) {
    return Verdict::Again;
  }
  fail(lastFailure_);
}

S3Call::Verdict S3Call::attempt(S3Answer& answer, std::optional<std::uint64_t> maxBytes) {
  bool answered = false;
  try {
    answer = {};
    answer.head = exchange().head();
    answered = true;
    note(answer.head);
    if (answer.good() && !maxBytes) {
      answer.stream = std::move(exchange_);
      return Verdict::Answered;
    }
    answer.body = exchange_->finish(answer.good() ? *maxBytes : kMaxErrorBytes).body;
    // Objects are not looked into: a GET has its errors in its status.
    if (!answer.good() || (request_.method != "GET" && !answer.body.empty())) {
      answer.error = parseS3Error(answer.body).value_or(S3ErrorBody{});
    }
    exchange_.reset();
    return judge(answer);
  } catch (const fetch::FetchError& error) {
    broken(error, answered);
  }
  return Verdict::Again;
}

S3Answer S3Call::run(std::optional<std::uint64_t> maxBytes) {
  pauseAfterFailedStart();
  S3Answer answer;
  while (true) {
    const Verdict verdict = attempt(answer, maxBytes);
    if (verdict == Verdict::Answered) {
      return answer;
    }
    if (verdict == Verdict::Again) {
      pause();
    }
  }
}

S3Answer S3Call::finish(std::uint64_t maxBytes) {
  S3Answer answer = run(maxBytes);
  service_.metrics.received(answer.body.size());
  return answer;
}

S3Answer S3Call::open() { return run(std::nullopt); }

}  // namespace rha::storage
