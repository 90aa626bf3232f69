// Request: the head of one HTTP request, checked, and where it came from. The body comes through a BodySink.
//
// Made by the engine; it outlives the handler's Disposition (BodySink, Response) of the same exchange. Handlers may
// write only to `log` and `state`. Used by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/address.h"
#include "net/headers.h"

namespace rha::net {

// The head as the parser understands it (net/head_parser.h).
struct RequestHead {
  std::string method;    // a token, as sent: "GET"
  std::string target;    // as sent; origin-form, or absolute-form reduced to origin-form
  std::string path;      // of target up to '?', not decoded; begins with '/'
  std::string query;     // of target after '?', not decoded; may be empty
  int minorVersion = 1;  // HTTP/1.x
  Headers headers;
  std::optional<std::uint64_t> contentLength;  // of the body, when given
  bool chunked = false;                        // Transfer-Encoding: chunked
  bool keepAlive = true;
  bool expectContinue = false;

  [[nodiscard]] bool hasBody() const { return chunked || contentLength.value_or(0) > 0; }
};

// What a handler keeps with a request from one of its calls to the next.
class HandlerState {
 public:
  HandlerState() = default;
  HandlerState(const HandlerState&) = delete;
  HandlerState& operator=(const HandlerState&) = delete;
  virtual ~HandlerState() = default;
};

struct Request : RequestHead {
  std::string id;       // X-Request-Id: the client's if it is 1 to 64 characters of [A-Za-z0-9._-], else made here
  Address peer;         // the TCP peer
  Address local;        // the address it connected to
  bool secure = false;  // came over TLS
  base::SteadyTime startedAt;
  // What the handler wants in the request's log line: key and value, in order ("repository", "principal" …).
  std::vector<std::pair<std::string_view, std::string>> log;
  // What Handler::tryAnswer() found out, for handle(). Null unless it left something.
  std::unique_ptr<HandlerState> state;
};

}  // namespace rha::net
