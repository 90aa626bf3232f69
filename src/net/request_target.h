// Request targets and authorities of HTTP/1.1 (RFC 9112 section 3.2, RFC 3986), checked strictly.
//
// Pure functions; thread-safe; failures are returned.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace rha::net {

struct RequestTarget {
  std::string target;     // origin-form, or "*"
  std::string path;       // up to '?'; "/" for "*"
  std::string query;      // after '?'
  std::string authority;  // of an absolute-form; empty otherwise
};

// Error: the reason for a 400.
base::Result<RequestTarget, std::string> parseTarget(std::string_view method, std::string_view raw);

// "host", "host:5000", "127.0.0.1", "[::1]:5000": as in a Host field. No user information, never empty.
bool isAuthority(std::string_view text);

// A token of RFC 9110 section 5.6.2 (method, field name): not empty.
bool isToken(std::string_view text);

}  // namespace rha::net
