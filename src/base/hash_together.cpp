#include "base/hash_together.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <utility>

#include "base/md5_steps.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace rha::base {
namespace {

// Two blocks of SHA-256 take about as long as one of MD5.
constexpr std::size_t kMd5Bytes = Md5::kBlockBytes;
constexpr std::size_t kShaBlockBytes = 64;
constexpr std::size_t kShaBytes = 2 * kShaBlockBytes;

struct Streams {
  Hasher::Sha256Words sha;
  Md5::Words one;
  Md5::Words other;
};

#if defined(__x86_64__)

// FIPS 180-4.
alignas(16) constexpr std::array<std::uint32_t, 64> kCubeRoots = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

#define RHA_SHA_CODE gnu::target("sha,sse4.1,ssse3")

bool cpuHasSha() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  const bool vectors = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSSE3) != 0 && (c & bit_SSE4_1) != 0;
  return vectors && __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
}

struct Sha {
  __m128i abef;  // words as the instructions want them
  __m128i cdgh;
  __m128i schedule[4];  // the attributes of __m128i do not survive std::array
};

[[RHA_SHA_CODE]] inline Sha load(const Hasher::Sha256Words& words) {
  const __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(words.data())), 0xB1);
  const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(words.data() + 4)), 0x1B);
  return {_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xF0), {}};
}

[[RHA_SHA_CODE]] inline void store(const Sha& sha, Hasher::Sha256Words& words) {
  const __m128i feba = _mm_shuffle_epi32(sha.abef, 0x1B);
  const __m128i dchg = _mm_shuffle_epi32(sha.cdgh, 0xB1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(words.data()), _mm_blend_epi16(feba, dchg, 0xF0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(words.data() + 4), _mm_alignr_epi8(dchg, feba, 8));
}

// Four of the 64 rounds on a block.
template <unsigned kFour>
[[RHA_SHA_CODE, gnu::always_inline]] inline void rounds(Sha& sha, const std::byte* block) {
  constexpr unsigned kAt = kFour % 4;
  __m128i* const words = sha.schedule;
  if constexpr (kFour < 4) {
    const __m128i bigEndian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    words[kAt] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block) + kFour), bigEndian);
  } else {
    const __m128i last = words[(kAt + 3) % 4];
    const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(words[kAt], words[(kAt + 1) % 4]),
                                      _mm_alignr_epi8(last, words[(kAt + 2) % 4], 4));
    words[kAt] = _mm_sha256msg2_epu32(sum, last);
  }
  const __m128i* const roots = reinterpret_cast<const __m128i*>(kCubeRoots.data());
  const __m128i sums = _mm_add_epi32(words[kAt], _mm_load_si128(roots + kFour));
  sha.cdgh = _mm_sha256rnds2_epu32(sha.cdgh, sha.abef, sums);
  sha.abef = _mm_sha256rnds2_epu32(sha.abef, sha.cdgh, _mm_shuffle_epi32(sums, 0x0E));
}

// A block of SHA-256 and half a block of each MD5.
template <unsigned kFirstStep, std::size_t... kFours>
[[RHA_SHA_CODE, gnu::always_inline]] inline void blockAndHalves(Sha& sha, const std::byte* block, md5::Words& one,
                                                                const std::byte* first, md5::Words& other,
                                                                const std::byte* second,
                                                                std::index_sequence<kFours...> /*fours*/) {
  const __m128i abef = sha.abef;
  const __m128i cdgh = sha.cdgh;
  ((rounds<kFours>(sha, block), md5::step<kFirstStep + 2 * kFours>(one, first),
    md5::step<kFirstStep + 2 * kFours>(other, second), md5::step<kFirstStep + 2 * kFours + 1>(one, first),
    md5::step<kFirstStep + 2 * kFours + 1>(other, second)),
   ...);
  sha.abef = _mm_add_epi32(sha.abef, abef);
  sha.cdgh = _mm_add_epi32(sha.cdgh, cdgh);
}

[[RHA_SHA_CODE]] void interleaved(Streams& streams, const std::byte* bytes, const std::byte* first,
                                  const std::byte* second, std::size_t turns) {
  constexpr auto kAllFours = std::make_index_sequence<16>();
  Sha sha = load(streams.sha);
  md5::Words one = streams.one;
  md5::Words other = streams.other;
  for (; turns > 0; --turns, bytes += kShaBytes, first += kMd5Bytes, second += kMd5Bytes) {
    const md5::Words oneBefore = one;
    const md5::Words otherBefore = other;
    blockAndHalves<0>(sha, bytes, one, first, other, second, kAllFours);
    blockAndHalves<32>(sha, bytes + kShaBlockBytes, one, first, other, second, kAllFours);
    md5::add(one, oneBefore);
    md5::add(other, otherBefore);
  }
  store(sha, streams.sha);
  streams.one = one;
  streams.other = other;
}

#else

bool cpuHasSha() { return false; }
void interleaved(Streams&, const std::byte*, const std::byte*, const std::byte*, std::size_t) {}

#endif

}  // namespace

void hashTogether(Hasher& sha, std::span<const std::byte> bytes, Md5& one, std::span<const std::byte> first, Md5& other,
                  std::span<const std::byte> second) {
  assert(first.size() == second.size());
  static const bool fast = cpuHasSha();
  if (fast && sha.algorithm() == HashAlgorithm::Sha256) {
    const auto within = static_cast<std::size_t>(sha.count() % kShaBlockBytes);
    const std::size_t rest = within == 0 ? 0 : std::min(bytes.size(), kShaBlockBytes - within);
    sha.update(bytes.first(rest));
    bytes = bytes.subspan(rest);
    const std::size_t turns = std::min(bytes.size() / kShaBytes, first.size() / kMd5Bytes);
    const auto digest = sha.sha256WordsAtBlock();
    const auto left = one.wordsAtBlock();
    const auto right = other.wordsAtBlock();
    if (turns > 0 && digest && left && right) {
      Streams streams{*digest, *left, *right};
      interleaved(streams, bytes.data(), first.data(), second.data(), turns);
      sha.advanceSha256(streams.sha, turns * kShaBytes);
      one.advance(streams.one, turns * kMd5Bytes);
      other.advance(streams.other, turns * kMd5Bytes);
      bytes = bytes.subspan(turns * kShaBytes);
      first = first.subspan(turns * kMd5Bytes);
      second = second.subspan(turns * kMd5Bytes);
    }
  }
  sha.update(bytes);
  Md5::updateBoth(one, first, other, second);
}

}  // namespace rha::base
