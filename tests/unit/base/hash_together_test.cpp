#include "base/hash_together.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "support/test_bytes.h"

namespace rha::base {
namespace {

using test::bytesOf;
using test::pattern;

std::string md5Of(std::string_view bytes) { return md5Hex(bytes); }

class HashTogether : public ::testing::TestWithParam<HashAlgorithm> {
 protected:
  Hasher digest{GetParam()};
  Md5 one;
  Md5 other;
};

INSTANTIATE_TEST_SUITE_P(Algorithms, HashTogether, ::testing::Values(HashAlgorithm::Sha256, HashAlgorithm::Sha512));

TEST_P(HashTogether, IsEachByItself) {
  for (const std::size_t size : {0, 1, 63, 64, 65, 128, 1000, 100'001}) {
    for (const std::size_t half : {std::size_t{0}, std::size_t{64}, size / 2, size}) {
      const std::string bytes = pattern(size, 1);
      const std::string first = pattern(half, 2);
      const std::string second = pattern(half, 3);
      digest = Hasher(GetParam());
      one = Md5();
      other = Md5();
      hashTogether(digest, bytesOf(bytes), one, bytesOf(first), other, bytesOf(second));
      EXPECT_EQ(digest.hex(), hashHex(GetParam(), bytes)) << size << ' ' << half;
      EXPECT_EQ(digest.count(), size);
      EXPECT_EQ(one.hex(), md5Of(first)) << size << ' ' << half;
      EXPECT_EQ(other.hex(), md5Of(second)) << size << ' ' << half;
    }
  }
}

TEST_P(HashTogether, GoesOnFromAnywhereAndIsGoneOnWith) {
  const std::string bytes = pattern(100'000, 1);
  const std::string first = pattern(50'000, 2);
  const std::string second = pattern(50'000, 3);
  for (const std::size_t piece : {100, 128, 1000, 6400, 7777}) {
    digest = Hasher(GetParam());
    one = Md5();
    other = Md5();
    digest.update(bytesOf(bytes).first(70));
    std::size_t at = 70;
    std::size_t half = 0;
    for (; at + piece <= bytes.size() && half + piece / 2 <= first.size(); at += piece, half += piece / 2) {
      hashTogether(digest, bytesOf(bytes).subspan(at, piece), one, bytesOf(first).subspan(half, piece / 2), other,
                   bytesOf(second).subspan(half, piece / 2));
      const auto restored = Hasher::fromState(digest.state());
      ASSERT_TRUE(restored);
      EXPECT_EQ(restored->hex(), digest.hex());
    }
    digest.update(bytesOf(bytes).subspan(at));
    one.update(bytesOf(first).subspan(half));
    other.update(bytesOf(second).subspan(half));
    EXPECT_EQ(digest.hex(), hashHex(GetParam(), bytes)) << piece;
    EXPECT_EQ(one.hex(), md5Of(first)) << piece;
    EXPECT_EQ(other.hex(), md5Of(second)) << piece;
  }
}

}  // namespace
}  // namespace rha::base
