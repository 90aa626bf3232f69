// The head of an answer, composed into one buffer.
//
// Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/response.h"

namespace rha::net {

struct ResponseHead {
  std::string_view dateLine;  // "Date: …\r\n"
  std::string_view requestId;
  std::uint64_t bodyBytes = 0;
  bool bodyLess = false;  // the answer to HEAD, or a status without body: the handler's Content-Length stands
  bool close = false;
  bool keepAliveToOld = false;  // say "Connection: keep-alive" (HTTP/1.0)
};

// Appends to `out`. Date, X-Request-Id and (without a body) Content-Length of the response win over the engine's;
// Connection and Transfer-Encoding of the response are dropped, for only the engine knows how it frames.
void composeHead(std::string& out, const Response& response, const ResponseHead& head);

// 1xx, 204 and 304 never have a body.
bool statusHasBody(int status);
// "Not Found"; empty for an unknown status.
std::string_view reasonPhrase(int status);

}  // namespace rha::net
