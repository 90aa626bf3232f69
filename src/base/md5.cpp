// The low-level MD5 functions are deprecated in OpenSSL 3, but the only ones whose state is open (see md5.h).
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/md5.h"

#include <openssl/md5.h>

#include <array>
#include <bit>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace rha::base {
namespace {

// RFC 1321.
constexpr std::array<std::uint32_t, 64> kSines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr std::array<std::array<unsigned, 4>, 4> kShifts = {
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};

using Words = std::array<std::uint32_t, 4>;

constexpr unsigned wordOf(unsigned step) {
  constexpr std::array<unsigned, 4> kFactors = {1, 5, 3, 7};
  constexpr std::array<unsigned, 4> kSummands = {0, 1, 5, 0};
  return (kFactors[step / 16] * step + kSummands[step / 16]) % 16;
}

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

template <std::size_t... kSteps>
[[gnu::always_inline]] inline void allSteps(Words& one, const std::byte* first, Words& other, const std::byte* second,
                                            std::index_sequence<kSteps...> /*steps*/) {
  ((step<kSteps>(one, first), step<kSteps>(other, second)), ...);
}

void add(Words& words, const Words& more) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] += more[i];
  }
}

Words wordsOf(const MD5_CTX& context) { return {context.A, context.B, context.C, context.D}; }

// As if `count` bytes, whole blocks, had been added and left the stream with these words.
void advance(MD5_CTX& context, const Words& words, std::size_t count) {
  context.A = words[0];
  context.B = words[1];
  context.C = words[2];
  context.D = words[3];
  const std::uint64_t bits = ((std::uint64_t{context.Nh} << 32U) | context.Nl) + (std::uint64_t{count} << 3U);
  context.Nl = static_cast<MD5_LONG>(bits);
  context.Nh = static_cast<MD5_LONG>(bits >> 32U);
}

}  // namespace

struct Md5::Impl {
  MD5_CTX context;
};

Md5::Md5() : impl_(std::make_unique<Impl>()) { MD5_Init(&impl_->context); }
Md5::~Md5() = default;
Md5::Md5(Md5&&) noexcept = default;
Md5& Md5::operator=(Md5&&) noexcept = default;

void Md5::update(std::span<const std::byte> bytes) { MD5_Update(&impl_->context, bytes.data(), bytes.size()); }

void Md5::updateBoth(Md5& one, std::span<const std::byte> first, Md5& other, std::span<const std::byte> second) {
  assert(first.size() == second.size());
  MD5_CTX& ours = one.impl_->context;
  MD5_CTX& theirs = other.impl_->context;
  std::size_t done = 0;
  // Within a block there is nothing to be gained.
  if (std::endian::native == std::endian::little && ours.num == 0 && theirs.num == 0) {
    Words left = wordsOf(ours);
    Words right = wordsOf(theirs);
    for (; first.size() - done >= kBlockBytes; done += kBlockBytes) {
      const Words leftBefore = left;
      const Words rightBefore = right;
      allSteps(left, first.data() + done, right, second.data() + done, std::make_index_sequence<64>());
      add(left, leftBefore);
      add(right, rightBefore);
    }
    advance(ours, left, done);
    advance(theirs, right, done);
  }
  one.update(first.subspan(done));
  other.update(second.subspan(done));
}

std::string Md5::hex() const {
  MD5_CTX copy = impl_->context;
  std::array<unsigned char, MD5_DIGEST_LENGTH> digest{};
  MD5_Final(digest.data(), &copy);
  return toHex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string md5Hex(std::string_view bytes) {
  Md5 md5;
  md5.update(std::as_bytes(std::span(bytes)));
  return md5.hex();
}

}  // namespace rha::base
