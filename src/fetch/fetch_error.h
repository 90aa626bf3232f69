// FetchError: a request to another server got no answer, or only a part of one. A status such as 404 is no error here.
//
// what() names the method, the host and what failed, with libcurl's text; never a query, a header or a body, so it
// holds no credentials. It is for the log.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace rha::fetch {

enum class FetchFailure : std::uint8_t {
  Unreachable,  // no connection: name, route, refusal, TLS. The server has seen nothing of the request
  Broken,       // the connection ended early, or the answer makes no sense. What the server did is not known
  TimedOut,     // a deadline passed. What the server did is not known
  TooLarge,     // head or body larger than the caller takes
  Busy,         // all connections were in use until the deadline
  Invalid,      // the request itself: not a URL, another protocol, a line break in a header
};

class FetchError final : public std::runtime_error {
 public:
  FetchError(FetchFailure failure, const std::string& what) : std::runtime_error(what), failure_(failure) {}
  [[nodiscard]] FetchFailure failure() const { return failure_; }

 private:
  FetchFailure failure_;
};

}  // namespace rha::fetch
