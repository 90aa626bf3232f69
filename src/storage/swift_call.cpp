#include "storage/swift_call.h"

#include <algorithm>

namespace rha::storage {
namespace {

bool isAnswer(int status) {
  return (status >= 200 && status <= 299) || status == 304 || status == 404 || status == 412 || status == 416;
}

// 409: another request carried a later time; 422: the bytes that arrived were not those of the ETag.
bool isWorthRepeating(int status) {
  return status >= 500 || status == 401 || status == 408 || status == 409 || status == 422 || status == 429 ||
         status == 498 || status == 499;
}

StorageFailure failureOf(int status) {
  if (status == 413 || status == 507) {
    return StorageFailure::NoSpace;  // 413: over a quota of container or account
  }
  return isWorthRepeating(status) ? StorageFailure::Unavailable : StorageFailure::Broken;
}

}  // namespace

SwiftService::SwiftService(const SwiftSettings& given, const base::Clock& clock, base::MetricsRegistry& registry)
    : settings(given),
      names(given.container, given.prefix),
      metrics("swift", registry),
      client({.maxConnections = given.maxConnections, .caFile = given.caFile}),
      auth(given, client, metrics, clock) {}

void SwiftCall::send() {
  token_ = service_.auth.token();
  endpoint_ = request_.endpoint.empty() ? token_->endpoint : request_.endpoint;
  fetch::Request request{.method = request_.method,
                         .url = endpoint_ + '/' + service_.names.encoded(request_.object),
                         .headers = request_.headers,
                         .body = request_.body};
  if (!request_.query.empty()) {
    request.url += '?' + request_.query;
  }
  request.headers.emplace_back("X-Auth-Token", token_->value.reveal());
  begin(service_.client, std::move(request), service_.settings.requestTimeout);
}

std::string SwiftCall::subject() const {
  return "swift: " + request_.method + ' ' + service_.settings.container + '/' + request_.object;
}

// True: the status is an answer. False: to be made again.
bool SwiftCall::judge(const fetch::ResponseHead& head) {
  note(head);
  lastError_ = std::to_string(head.status);
  if (const auto transaction = head.find("X-Trans-Id")) {
    lastError_ += " (transaction " + std::string(*transaction) + ")";
  }
  if (head.status == 404 && request_.absence == Absence::SaidTwice && ++absences_ < 2) {
    return false;
  }
  if (isAnswer(head.status)) {
    return true;
  }
  lastFailure_ = failureOf(head.status);
  if (head.status == 401) {
    service_.auth.reject(token_);
  } else if (!isWorthRepeating(head.status)) {
    fail(lastFailure_);
  }
  return false;
}

bool SwiftCall::attempt(const std::function<void(std::unique_ptr<fetch::Exchange>)>& take) {
  bool answered = false;
  try {
    const fetch::ResponseHead& head = exchange().head();
    answered = true;
    if (judge(head)) {
      take(std::move(exchange_));
      return true;
    }
    exchange_->finish(kMaxErrorBytes);  // so that the connection can be used again
    exchange_.reset();
  } catch (const fetch::FetchError& error) {
    broken(error, answered);
  }
  return false;
}

void SwiftCall::run(const std::function<void(std::unique_ptr<fetch::Exchange>)>& take) {
  pauseAfterFailedStart();
  while (!attempt(take)) {
    // A token that was refused is replaced at once; a second refusal waits as any other failure.
    const bool firstRefusal = lastError_.starts_with("401") && !refused_;
    refused_ = lastError_.starts_with("401");
    const bool absent = lastError_.starts_with("404");
    if (!firstRefusal && !absent) {
      pause();
    }
  }
}

fetch::Response SwiftCall::finish(std::uint64_t maxBytes) {
  fetch::Response response;
  run([&](std::unique_ptr<fetch::Exchange> exchange) {
    const bool wanted = succeeded(exchange->head());
    response = exchange->finish(wanted ? maxBytes : std::max(maxBytes, kMaxErrorBytes));
  });
  service_.metrics.received(response.body.size());
  return response;
}

std::unique_ptr<fetch::Exchange> SwiftCall::open() {
  std::unique_ptr<fetch::Exchange> result;
  run([&](std::unique_ptr<fetch::Exchange> exchange) { result = std::move(exchange); });
  return result;
}

}  // namespace rha::storage
