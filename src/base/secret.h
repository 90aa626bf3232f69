// Secret: a string that cannot be printed by accident: no operator<<, no conversion to a string, no LogField.
//
// Wiped when destroyed or overwritten. A value; not synchronised.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace rha::base {

class Secret final {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret& other);
  Secret(Secret&&) noexcept = default;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  [[nodiscard]] bool empty() const { return text_.empty(); }
  // The only way to the text; the name makes each use visible in review.
  [[nodiscard]] std::string_view reveal() const { return text_; }

 private:
  std::string text_;
};

// Compares in time that depends on the lengths only.
bool equalConstantTime(std::string_view a, std::string_view b);
// Raw HMAC-SHA-256 (32 bytes) of `message` (RFC 2104).
std::string hmacSha256(std::string_view key, std::string_view message);
// `count` bytes from the kernel's generator. Throws IoError when it fails.
std::string randomBytes(std::size_t count);
// A random (version 4) UUID in its canonical lower-case form (RFC 4122).
std::string randomUuid();

}  // namespace rha::base
