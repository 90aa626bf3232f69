// Response: status, headers and body of an answer. The engine adds Date, Content-Length, Connection and X-Request-Id,
// and leaves the body out for HEAD, 204 and 304 (Content-Length then still says what GET would have sent, for HEAD).
//
// Move-only value; made by a handler, consumed by the engine.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "base/body_source.h"
#include "net/headers.h"

namespace rha::net {

struct Response {
  int status = 200;
  Headers headers;
  // More fields, composed before: "Name: value\r\n" for each; null: none. They are sent as they are, so nothing a
  // client sent, and none of the engine's own fields, may stand in them. Shared with a cache.
  std::shared_ptr<const std::string> fieldLines;
  // Text, or a source (file, memory, stream) whose size() is the Content-Length.
  std::variant<std::string, std::unique_ptr<base::BodySource>> body;
  // Close the connection after this answer.
  bool close = false;

  Response() = default;
  explicit Response(int code) : status(code) {}
  Response(int code, std::string text, std::string contentType) : status(code), body(std::move(text)) {
    headers.add("Content-Type", std::move(contentType));
  }
};

}  // namespace rha::net
