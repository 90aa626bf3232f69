// Exceptions for failing I/O and the helpers that throw them with a text an operator can use.
//
// Error text says what failed, on which path or host, and the errno text: "cannot rename /a to /b: No space
// left on device". It may go to the log, never to a client of the registry.
#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace rha::base {

// A failed system call. code() keeps the errno value, so that callers can tell ENOSPC from EIO.
class IoError : public std::system_error {
 public:
  IoError(int errnoValue, const std::string& what) : std::system_error(errnoValue, std::generic_category(), what) {}
  [[nodiscard]] int errnoValue() const { return code().value(); }
};

// Throws IoError from the calling thread's errno: "WHAT PATH: strerror".
[[noreturn]] void throwErrno(std::string_view what, std::string_view path);

}  // namespace rha::base
