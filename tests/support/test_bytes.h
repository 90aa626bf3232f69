// Bytes to store and to send that no two tests share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace rha::test {

// `size` bytes that differ from place to place and from seed to seed.
inline std::string pattern(std::size_t size, std::uint32_t seed = 1) {
  std::string bytes(size, '\0');
  std::uint32_t value = seed * 2654435761U + 1U;
  for (char& byte : bytes) {
    value = value * 1664525U + 1013904223U;
    byte = static_cast<char>(value >> 24U);
  }
  return bytes;
}

inline std::span<const std::byte> bytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace rha::test
