// Md5: streaming MD5, for checksums that a protocol asks for (Swift's ETag). Nothing may rest on it against an
// attacker.
//
// Each step of MD5 waits for the one before it, so that a CPU does two streams in little more time than one:
// updateBoth(). Built on OpenSSL's low-level functions (deprecated, hence confined to md5.cpp), for these two share the
// state of a stream with it; a unit test compares all with EVP.
// A value; not synchronised.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace rha::base {

class Md5 final {
 public:
  static constexpr std::size_t kBlockBytes = 64;

  Md5();
  ~Md5();
  Md5(Md5&&) noexcept;
  Md5& operator=(Md5&&) noexcept;
  Md5(const Md5&) = delete;
  Md5& operator=(const Md5&) = delete;

  void update(std::span<const std::byte> bytes);
  // Adds the first of the bytes to the one stream and the second to the other. Precondition: both are as many. It is
  // fast where both streams stand at the beginning of a block.
  static void updateBoth(Md5& one, std::span<const std::byte> first, Md5& other, std::span<const std::byte> second);
  // For those who interleave a stream with others: where it stands, if at the beginning of a block (nullopt also where
  // its words are not the machine's), and that whole blocks of so many bytes have moved it to `words`.
  using Words = std::array<std::uint32_t, 4>;
  [[nodiscard]] std::optional<Words> wordsAtBlock() const;
  void advance(const Words& words, std::size_t count);
  // Lower-case hex of everything so far; more may be added afterwards.
  [[nodiscard]] std::string hex() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string md5Hex(std::string_view bytes);

}  // namespace rha::base
