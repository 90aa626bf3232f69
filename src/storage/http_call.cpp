#include "storage/http_call.h"

#include <exception>

#include "base/text.h"

namespace rha::storage {

void HttpCall::sendAnew() {
  if (attempts_++ > 0) {
    metrics_.retry(operation_);
  }
  lastFailure_ = StorageFailure::Unavailable;
  send();
}

void HttpCall::begin(fetch::Client& client, fetch::Request request, std::chrono::milliseconds patience) {
  request.deadlines.firstByte = request.deadlines.noProgress = patience;
  bodyBytes_ = request.body == nullptr ? 0 : request.body->size();
  begin_ = std::chrono::steady_clock::now();
  exchange_ = client.start(request);
}

fetch::Exchange& HttpCall::exchange() {
  if (!exchange_) {
    sendAnew();
  }
  return *exchange_;
}

void HttpCall::start() noexcept {
  try {
    sendAnew();
  } catch (const std::exception& error) {
    exchange_.reset();
    lastError_ = error.what();
  }
}

bool HttpCall::advance(std::chrono::milliseconds patience) noexcept {
  try {
    return !exchange_ || exchange_->advance(patience);
  } catch (const std::exception& error) {
    exchange_.reset();
    lastError_ = error.what();
    return true;
  }
}

void HttpCall::note(const fetch::ResponseHead& head) {
  metrics_.attempt(operation_, head.status, std::chrono::steady_clock::now() - begin_);
  if (head.status >= 200 && head.status <= 299) {
    metrics_.sent(bodyBytes_);
  }
  const auto asked = base::parseUnsigned(head.find("Retry-After").value_or(""));
  retryAfter_ = asked && *asked < 3600 ? std::optional(std::chrono::seconds(*asked)) : std::nullopt;
}

void HttpCall::broken(const fetch::FetchError& error, bool answered) {
  if (!answered) {
    metrics_.attempt(operation_, 0, std::chrono::steady_clock::now() - begin_);
    retryAfter_.reset();
  }
  exchange_.reset();
  lastError_ = error.what();
  if (error.failure() == fetch::FetchFailure::Invalid) {
    fail(StorageFailure::Broken);
  }
  if (error.failure() == fetch::FetchFailure::TooLarge) {
    fail(StorageFailure::Corrupt);
  }
}

void HttpCall::pauseAfterFailedStart() {
  if (!exchange_ && attempts_ > 0) {
    pause();
  }
}

void HttpCall::pause() {
  if (!retry_.pause(retryAfter_)) {
    fail(lastFailure_);
  }
}

void HttpCall::fail(StorageFailure failure) const {
  throw StorageError(failure, subject() + ": " + lastError_ +
                                  (attempts_ > 1 ? ", after " + std::to_string(attempts_) + " attempts" : ""));
}

}  // namespace rha::storage
