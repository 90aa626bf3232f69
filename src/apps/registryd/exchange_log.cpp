#include "apps/registryd/exchange_log.h"

#include <cstdio>
#include <utility>

#include "api/error_response.h"
#include "index/index.h"

namespace rha::registryd {
namespace {

constexpr std::size_t kLongestPath = 512;
constexpr std::size_t kLongestMethod = 16;
constexpr std::size_t kLongestAgent = 128;
constexpr std::uint64_t kRefusalLinesPerSecond = 10;

std::string shortened(std::string_view text, std::size_t most) {
  return text.size() <= most ? std::string(text) : std::string(text.substr(0, most)) + "...";
}

std::string milliseconds(base::SteadyTime::duration duration) {
  char text[32];
  const int length =
      std::snprintf(text, sizeof text, "%.1f", std::chrono::duration<double, std::milli>(duration).count());
  return {text, static_cast<std::size_t>(length)};
}

struct Cause {
  std::string text;  // for the log only
  base::LogLevel level = base::LogLevel::Error;
};

Cause causeOf(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const index::IndexError& failure) {
    return {failure.what(), base::LogLevel::Warn};  // lists wait, pulls and pushes go on
  } catch (const std::exception& failure) {
    return {failure.what()};
  }
}

}  // namespace

std::string requestLine(const net::Request& request, const net::ExchangeResult& result) {
  std::string line;
  base::appendLogField(line, "event", "request");
  base::appendLogField(line, "id", request.id);
  base::appendLogField(line, "client", request.peer.host());
  base::appendLogField(line, "method", shortened(request.method, kLongestMethod));
  base::appendLogField(line, "path", shortened(request.path, kLongestPath));
  base::appendLogField(line, "status", std::to_string(result.status));
  base::appendLogField(line, "bytes_in", std::to_string(result.bytesIn));
  base::appendLogField(line, "bytes_out", std::to_string(result.bytesOut));
  base::appendLogField(line, "ms", milliseconds(result.endedAt - request.startedAt));
  if (result.backendRequests > 0) {
    base::appendLogField(line, "storage_requests", std::to_string(result.backendRequests));
  }
  if (const auto agent = request.headers.find("User-Agent")) {
    base::appendLogField(line, "agent", shortened(*agent, kLongestAgent));
  }
  for (const auto& [key, value] : request.log) {
    base::appendLogField(line, key, value);
  }
  if (!result.brokenOff.empty()) {
    base::appendLogField(line, "broken_off", result.brokenOff);
  }
  return line;
}

ExchangeLog::ExchangeLog(AccessLog access, const base::Clock& clock, const base::Logger& logger,
                         base::MetricsRegistry& metrics)
    : access_(access), clock_(clock), logger_(logger), metrics_(metrics) {}

void ExchangeLog::onStart(const net::Request& request) noexcept { metrics_.started(request); }

void ExchangeLog::onEnd(const net::Request& request, const net::ExchangeResult& result) noexcept {
  metrics_.ended(request, result);
  const bool failed = result.status >= 500 || !result.brokenOff.empty();
  const bool isOwn = request.headers.find("User-Agent") == kSelfCheckAgent;
  const base::LogLevel level = isOwn && !failed ? base::LogLevel::Debug : base::LogLevel::Info;
  if ((access_ == AccessLog::Every || failed) && logger_.enabled(level)) {
    logger_.writeLine(level, requestLine(request, result));
  }
}

net::Response ExchangeLog::onException(const net::Request& request, std::exception_ptr error) noexcept {
  const Cause cause = causeOf(error);
  logger_.write(cause.level, "request_failed",
                {{"id", request.id},
                 {"method", shortened(request.method, kLongestMethod)},
                 {"path", shortened(request.path, kLongestPath)},
                 {"error", cause.text}});
  return api::exceptionResponse(error);
}

net::Response ExchangeLog::onRefused(const net::Address& peer, int status, std::string_view reason) noexcept {
  metrics_.refused(status);
  logRefusal(peer, status, reason);
  net::Response response = api::statusResponse(status, reason);
  if (status == 503) {
    response.headers.set("Retry-After", "5");
  }
  return response;
}

net::Response ExchangeLog::onUnserved(const net::Request&, int status, std::string_view reason) noexcept {
  return api::statusResponse(status, reason);  // its line and its count come with onEnd()
}

void ExchangeLog::logRefusal(const net::Address& peer, int status, std::string_view reason) {
  std::uint64_t leftOut = 0;
  {
    auto lines = refusalLines_.lock();
    const base::SteadyTime now = clock_.steady();
    if (now - lines->secondBegan >= std::chrono::seconds(1)) {
      leftOut = std::exchange(lines->leftOut, 0);
      lines->secondBegan = now;
      lines->written = 0;
    }
    if (lines->written >= kRefusalLinesPerSecond) {
      ++lines->leftOut;
      return;
    }
    ++lines->written;
  }
  logger_.info("refused",
               {{"client", peer.host()}, {"status", status}, {"reason", reason}, {"others_left_out", leftOut}});
}

}  // namespace rha::registryd
