#include "base/md5.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>

#include "base/text.h"
#include "support/test_bytes.h"

namespace rha::base {
namespace {

using test::bytesOf;
using test::pattern;

std::string expected(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_md5(), nullptr);
  return toHex({reinterpret_cast<const char*>(digest.data()), size});
}

TEST(Md5, IsThatOfEvp) {
  EXPECT_EQ(md5Hex(""), "d41d8cd98f00b204e9800998ecf8427e");
  for (const std::size_t size : {1, 55, 56, 63, 64, 65, 128, 1000, 100000}) {
    const std::string bytes = pattern(size, 1);
    EXPECT_EQ(md5Hex(bytes), expected(bytes)) << size;
  }
}

TEST(Md5, OfTwoStreamsAtOnceIsThatOfEach) {
  for (const std::size_t size : {0, 1, 63, 64, 65, 127, 128, 1000, 64 * 100, 100001}) {
    const std::string first = pattern(size, 1);
    const std::string second = pattern(size, 2);
    Md5 one;
    Md5 other;
    Md5::updateBoth(one, bytesOf(first), other, bytesOf(second));
    EXPECT_EQ(one.hex(), expected(first)) << size;
    EXPECT_EQ(other.hex(), expected(second)) << size;
  }
}

TEST(Md5, OfTwoStreamsAtOnceGoesOnFromAnywhere) {
  const std::string first = pattern(10000, 1);
  const std::string second = pattern(10000, 2);
  for (const std::size_t before : {1, 63, 64, 70}) {
    Md5 one;
    Md5 other;
    one.update(bytesOf(first).first(before));
    for (std::size_t at = 0; at < 5000; at += 320) {
      Md5::updateBoth(one, bytesOf(first).subspan(before + at, 320), other, bytesOf(second).subspan(at, 320));
    }
    EXPECT_EQ(one.hex(), expected(first.substr(0, before + 5120))) << before;
    EXPECT_EQ(other.hex(), expected(second.substr(0, 5120))) << before;
    other.update(bytesOf(second).subspan(5120));
    EXPECT_EQ(other.hex(), expected(second)) << before;
  }
}

// The count of bits is kept in two words of 32.
TEST(Md5, CountsBeyondHalfAGigabyte) {
  const std::string piece = pattern(std::size_t{1} << 20U, 1);
  Md5 one;
  Md5 other;
  Md5 alone;
  for (int i = 0; i < 513; ++i) {
    Md5::updateBoth(one, bytesOf(piece), other, bytesOf(piece));
    alone.update(bytesOf(piece));
  }
  EXPECT_EQ(one.hex(), alone.hex());
  EXPECT_EQ(other.hex(), alone.hex());
}

}  // namespace
}  // namespace rha::base
