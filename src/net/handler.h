// Handler: the seam between the HTTP engine (net) and what is served (api). The engine parses a head, asks the handler,
// and gets either the answer or a BodySink for the body.
//
//   Handler::handle(request) ── Response ───────────────────────────────> sent; an unread body is drained or the
//         │                                                               connection closed
//         └── unique_ptr<BodySink> ── [100 Continue] ── write()* ── finish() ── Response ──> sent
//                                                          └─ client gone, deadline, bad chunk ── abort()
//
// Threads: handle(), write(), finish() and abort() run on worker threads and may block on storage; those of one
// exchange never overlap, but may run on different threads. Handlers are called from many threads at once. Failure: an
// exception becomes 500 (or what ExchangeObserver::onException answers), and the body is given up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "net/request.h"
#include "net/response.h"

namespace rha::net {

enum class AbortReason : std::uint8_t { ClientGone, Deadline, Malformed, Shutdown };

class BodySink {
 public:
  BodySink() = default;
  BodySink(const BodySink&) = delete;
  BodySink& operator=(const BodySink&) = delete;
  virtual ~BodySink() = default;

  // Takes the next bytes of the body, in order. Returning a Response ends the upload early: it is sent at once, and
  // neither finish() nor abort() is called.
  virtual std::optional<Response> write(std::span<const std::byte> bytes) = 0;
  // The body is complete: the answer.
  virtual Response finish() = 0;
  // The body broke off; nobody is there to be answered.
  virtual void abort(AbortReason reason) noexcept = 0;
};

using Disposition = std::variant<Response, std::unique_ptr<BodySink>>;

class Handler {
 public:
  Handler() = default;
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  virtual ~Handler() = default;

  // A BodySink may be returned for a request without a body too: finish() is then called at once. `100 Continue` is
  // sent only once a sink was returned.
  virtual Disposition handle(Request& request) = 0;

  // Answers without blocking, straight from the event thread, or nullopt to have handle() called on a worker. Called
  // for requests without a body only. Must not block, do I/O or take a contended lock.
  virtual std::optional<Response> tryAnswer(Request& request) {
    static_cast<void>(request);
    return std::nullopt;
  }
};

// How an exchange ended, for the log line and the metrics.
struct ExchangeResult {
  int status = 0;              // 0: no answer was sent
  std::uint64_t bytesIn = 0;   // body bytes received
  std::uint64_t bytesOut = 0;  // body bytes sent
  base::SteadyTime endedAt;
  std::uint64_t backendRequests = 0;  // to other servers, such as an object store, on its behalf (base/backend_count.h)
  // "" when complete; else why it ended early: "client gone", "deadline", "malformed", "shutdown", "source failed".
  std::string_view brokenOff;
};

class ExchangeObserver {
 public:
  ExchangeObserver() = default;
  ExchangeObserver(const ExchangeObserver&) = delete;
  ExchangeObserver& operator=(const ExchangeObserver&) = delete;
  virtual ~ExchangeObserver() = default;

  // A request's head was accepted. Any engine thread; quick.
  virtual void onStart(const Request& request) noexcept = 0;
  // Exactly once for each onStart, after the last byte of the answer left or could not leave.
  virtual void onEnd(const Request& request, const ExchangeResult& result) noexcept = 0;
  // The answer when a handler or sink threw (called from within the catch block, so `throw;` may be used to look at
  // it).
  virtual Response onException(const Request& request, std::exception_ptr error) noexcept = 0;
  // The answer to a head that was refused (400, 408, 414, 431, 501, 505), or to a connection beyond the limits (503).
  // Never preceded by onStart. `reason` is for the client and the log.
  virtual Response onRefused(const Address& peer, int status, std::string_view reason) noexcept = 0;
  // The answer to a request that began and cannot be served: its body is malformed (400) or late (408), or there is no
  // room for it (503). Between its onStart and its onEnd.
  virtual Response onUnserved(const Request& request, int status, std::string_view reason) noexcept = 0;
};

}  // namespace rha::net
