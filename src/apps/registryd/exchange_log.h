// ExchangeLog: what is said and counted about each request: its line in the log, its metrics, and the answers to those
// that failed or were refused.
//
//   event=request id=9f… client=10.0.0.7 method=PUT path="/v2/a/manifests/1" status=201 bytes_in=524 bytes_out=0 ms=3.1
//   agent="docker/20.10" repository=a broken_off="client gone"
//
// Owned by the composition root; called on the engine's threads, many at once. Never throws.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "apps/registryd/http_metrics.h"
#include "base/clock.h"
#include "base/lock_guarded.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/handler.h"

namespace rha::registryd {

// User-Agent of the daemon's own check (self_check.h). Its requests are logged at level debug, if they did not fail.
inline constexpr std::string_view kSelfCheckAgent = "registryd-self-check";

// Every: one line per request. Failures: only for those that ended with 500 or above, or broke off.
enum class AccessLog : std::uint8_t { Every, Failures };

class ExchangeLog final : public net::ExchangeObserver {
 public:
  // All borrowed.
  ExchangeLog(AccessLog access, const base::Clock& clock, const base::Logger& logger, base::MetricsRegistry& metrics);

  void onStart(const net::Request& request) noexcept override;
  void onEnd(const net::Request& request, const net::ExchangeResult& result) noexcept override;
  net::Response onException(const net::Request& request, std::exception_ptr error) noexcept override;
  net::Response onRefused(const net::Address& peer, int status, std::string_view reason) noexcept override;
  net::Response onUnserved(const net::Request& request, int status, std::string_view reason) noexcept override;

 private:
  // Refusals are caused by peers, who must not fill the log: a few lines per second, the others are counted.
  struct RefusalLines {
    base::SteadyTime secondBegan;
    std::uint64_t written = 0;
    std::uint64_t leftOut = 0;
  };
  void logRefusal(const net::Address& peer, int status, std::string_view reason);

  AccessLog access_;
  const base::Clock& clock_;
  const base::Logger& logger_;
  HttpMetrics metrics_;
  base::LockGuarded<RefusalLines> refusalLines_;
};

// The request's line, without level.
std::string requestLine(const net::Request& request, const net::ExchangeResult& result);

}  // namespace rha::registryd
