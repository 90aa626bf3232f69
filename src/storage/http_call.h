// HttpCall: what SwiftCall and S3Call have in common: the exchange under way, how often it was begun anew and why, and
// how long the storage asks to be left alone.
//
// start() sends what can be sent and returns, so that several calls may be under way before the first is waited for.
// Belongs to one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fetch/client.h"
#include "storage/request_metrics.h"
#include "storage/retry.h"
#include "storage/storage_error.h"

namespace rha::storage {

class HttpCall {
 public:
  HttpCall(const HttpCall&) = delete;
  HttpCall& operator=(const HttpCall&) = delete;
  HttpCall& operator=(HttpCall&&) = delete;
  virtual ~HttpCall() = default;

  // Never throws: what goes wrong is seen, and tried again, when the answer is asked for.
  void start() noexcept;
  // Moves what can be moved, waiting no longer than `patience`. True: this attempt need not be waited for.
  bool advance(std::chrono::milliseconds patience = {}) noexcept;

  // Whether the request was sent more than once: then "not there" may mean "done before".
  [[nodiscard]] bool repeated() const { return attempts_ > 1; }

 protected:
  static constexpr std::uint64_t kMaxErrorBytes = 64 * 1024;

  // `metrics` is borrowed; `operation` is a literal.
  HttpCall(RequestMetrics& metrics, std::string_view operation, const RetrySettings& retry)
      : metrics_(metrics), operation_(operation), retry_(retry) {}
  HttpCall(HttpCall&&) = default;

  // Makes the request and gives it to begin().
  virtual void send() = 0;
  // For error texts: "s3: GET bucket/key".
  [[nodiscard]] virtual std::string subject() const = 0;

  // The exchange to be waited for: the one that was started, or a new one.
  fetch::Exchange& exchange();
  void begin(fetch::Client& client, fetch::Request request, std::chrono::milliseconds patience);
  // The head of an answer has come.
  void note(const fetch::ResponseHead& head);
  // No answer came (or, if `answered`, not the whole): the exchange is over. StorageError where no other attempt helps.
  void broken(const fetch::FetchError& error, bool answered);
  // Before the first wait: where start() has failed already, that was an attempt. StorageError when none is left.
  void pauseAfterFailedStart();
  // Before the next attempt. StorageError when none is left.
  void pause();
  [[noreturn]] void fail(StorageFailure failure) const;

  std::unique_ptr<fetch::Exchange> exchange_;
  std::string lastError_;  // of the last attempt
  StorageFailure lastFailure_ = StorageFailure::Unavailable;
  unsigned attempts_ = 0;

 private:
  void sendAnew();

  RequestMetrics& metrics_;
  std::string_view operation_;
  Retry retry_;
  std::uint64_t bodyBytes_ = 0;  // of the request
  std::chrono::steady_clock::time_point begin_;
  std::optional<std::chrono::seconds> retryAfter_;  // what the last answer asked for
};

}  // namespace rha::storage
