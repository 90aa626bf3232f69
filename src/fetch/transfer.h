// Transfer: one request on a libcurl easy handle, moved by whoever calls step(). Internal to fetch; see Exchange.
//
// The head is complete, and the body begins, with the first body byte or the end of the answer. Bytes go straight into
// the reader's buffer where there is one, else into a small buffer of the transfer, else the connection is paused.
// One thread at a time. Failure: FetchError.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "fetch/connection_pool.h"
#include "fetch/request.h"

namespace rha::fetch {

class Transfer final {
 public:
  // Both borrowed but the request, whose body is.
  Transfer(CURLM* connection, const ClientSettings& settings, Request request);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // libcurl has work of its own now and then (name look-ups): it is asked this often at least.
  static constexpr std::chrono::milliseconds kLongestPoll{1'000};

  // Moves bytes, then waits until more can happen, `patience` is over or a deadline passes, which throws.
  void step(std::chrono::milliseconds patience);

  [[nodiscard]] bool headComplete() const { return headComplete_; }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] const ResponseHead& head() const { return head_; }

  // Takes up to buffer.size() bytes, waiting for the first. 0 at the end.
  std::size_t read(std::span<std::byte> buffer);

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct CloseEasy {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  void prepare(const ClientSettings& settings);
  void setHeaders();
  void setBody();
  void setTls(const ClientSettings& settings);
  void collectEnd();
  [[nodiscard]] bool wasStale(CURLcode code) const;
  void beginAnew();
  void checkDeadlines();
  [[nodiscard]] Time nextDeadline() const;
  [[noreturn]] void fail(FetchFailure failure, const std::string& why) const;
  void resume();

  std::size_t onHeader(std::string_view line);
  std::size_t onBody(std::span<const std::byte> bytes);
  std::size_t onSend(std::span<std::byte> buffer);

  CURLM* connection_;
  Request request_;
  std::unique_ptr<CURL, CloseEasy> easy_;
  std::unique_ptr<curl_slist, FreeList> headerList_;
  std::string errorText_;  // libcurl writes its text here
  ResponseHead head_;
  std::size_t headBytes_ = 0;
  bool headComplete_ = false;
  bool ended_ = false;
  bool anew_ = false;  // on a second connection, the first was stale
  bool paused_ = false;
  std::span<std::byte> target_;  // of the read() under way: where the next bytes go
  std::size_t filled_ = 0;       // of target_
  std::string early_;            // bytes that came while nobody read
  std::size_t earlyRead_ = 0;    // of early_
  std::uint64_t sent_ = 0;       // of the request's body
  Time started_;
  Time progressed_;
  std::exception_ptr bodyFailure_;  // of the request's body source
  std::string refused_;             // why a callback ended the transfer
};

}  // namespace rha::fetch
