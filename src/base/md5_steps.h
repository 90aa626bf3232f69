// The steps of MD5, for those who interleave streams (md5.cpp, hash_together.cpp). Internal to base.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace rha::base::md5 {

// RFC 1321.
inline constexpr std::array<std::uint32_t, 64> kSines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
inline constexpr std::array<std::array<unsigned, 4>, 4> kShifts = {
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};

using Words = std::array<std::uint32_t, 4>;

constexpr unsigned wordOf(unsigned step) {
  constexpr std::array<unsigned, 4> kFactors = {1, 5, 3, 7};
  constexpr std::array<unsigned, 4> kSummands = {0, 1, 5, 0};
  return (kFactors[step / 16] * step + kSummands[step / 16]) % 16;
}

// One of the 64 steps on a block. For little-endian machines.
template <unsigned kStep>
[[gnu::always_inline]] inline void step(Words& words, const std::byte* block) {
  constexpr unsigned kShift = kShifts[kStep / 16][kStep % 4];
  std::uint32_t& a = words[(64 - kStep) % 4];
  const std::uint32_t b = words[(65 - kStep) % 4];
  const std::uint32_t c = words[(66 - kStep) % 4];
  const std::uint32_t d = words[(67 - kStep) % 4];
  std::uint32_t word = 0;
  std::memcpy(&word, block + 4 * wordOf(kStep), 4);
  a += kSines[kStep] + word;
  if constexpr (kStep < 16) {
    a += d ^ (b & (c ^ d));
  } else if constexpr (kStep < 32) {
    a += (d & b) + (~d & c);  // not |: the sum need not wait for b
  } else if constexpr (kStep < 48) {
    a += b ^ c ^ d;
  } else {
    a += c ^ (b | ~d);
  }
  a = b + ((a << kShift) | (a >> (32 - kShift)));
}

inline void add(Words& words, const Words& more) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] += more[i];
  }
}

}  // namespace rha::base::md5
