// parseHead(): one strict parser for request heads (RFC 9112). What it does not understand exactly, it refuses, so that
// no two programs in a row can disagree about where a request ends (request smuggling).
//
// Pure function; thread-safe; fuzzed (tests/fuzz/request_head).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/request.h"

namespace rha::net {

struct HeadLimits {
  std::uint64_t headBytes = 32 * 1024;   // request line and fields together -> 431
  std::uint64_t targetBytes = 8 * 1024;  // -> 414
  std::uint64_t fields = 100;            // -> 431
};

struct HeadError {
  int status = 400;    // 400, 414, 431, 501, 505
  std::string reason;  // for client and log: what is wrong and where
};

// Length of the head in `buffer` including its final empty line, or 0 if it is not complete yet.
// `searchedFrom` is where the last call left off (it may be 0).
std::size_t findHeadEnd(std::string_view buffer, std::size_t searchedFrom);

// Whether a head may begin with these bytes (not empty): with a method, or the line ends that some clients send before
// it. False for a TLS ClientHello and other protocols, which need not be waited for.
bool mayBeginHead(std::string_view bytes);

// Parses a complete head: precondition findHeadEnd(head) == head.size().
// Refused among others: bare LF or CR, NUL, obs-fold, blanks before ':', an empty or illegal name, control characters
// in values, no or several Host fields (HTTP/1.1), a Host that is not a valid authority, Content-Length that is not
// plain decimal or differs between fields, Transfer-Encoding together with Content-Length, any transfer coding but
// exactly one "chunked" (501 for others), Transfer-Encoding in HTTP/1.0, versions but 1.0 and 1.1 (505), CONNECT and
// asterisk-form except OPTIONS *.
base::Result<RequestHead, HeadError> parseHead(std::string_view head, const HeadLimits& limits);

}  // namespace rha::net
