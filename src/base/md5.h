// Md5: streaming MD5, for checksums that a protocol asks for (Swift's ETag). Nothing may rest on it against an
// attacker.
//
// A value that can be moved; not synchronised.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace rha::base {

class Md5 final {
 public:
  Md5();
  ~Md5();
  Md5(Md5&&) noexcept;
  Md5& operator=(Md5&&) noexcept;
  Md5(const Md5&) = delete;
  Md5& operator=(const Md5&) = delete;

  void update(std::span<const std::byte> bytes);
  // Lower-case hex of everything so far; more may be added afterwards.
  [[nodiscard]] std::string hex() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string md5Hex(std::string_view bytes);

}  // namespace rha::base
