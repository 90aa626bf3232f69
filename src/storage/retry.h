// Retry: how often, and after which pauses, a request to an object store is made again. One object per request.
//
//   Retry retry(settings);
//   while (!attempt()) { if (!retry.pause()) throw …; }
//
// Pauses double from firstPause to longestPause, each shortened at random by up to half, so that many that failed
// together do not come back together. pause() sleeps on the calling thread. Not synchronised.
#pragma once

#include <chrono>
#include <optional>

namespace rha::storage {

struct RetrySettings {
  unsigned attempts = 8;
  std::chrono::milliseconds firstPause{100};
  std::chrono::milliseconds longestPause{5'000};
};

class Retry final {
 public:
  explicit Retry(const RetrySettings& settings) : settings_(settings) {}

  // Waits before the next attempt; at least `askedFor`, within longestPause. False, at once, when none is left.
  bool pause(std::optional<std::chrono::seconds> askedFor = std::nullopt);
  // Attempts that were made when pause() last answered.
  [[nodiscard]] unsigned attempts() const { return attempts_; }
  // The last attempt got somewhere: counting begins anew.
  void reset() { attempts_ = 0; }

 private:
  RetrySettings settings_;
  unsigned attempts_ = 0;
};

}  // namespace rha::storage
