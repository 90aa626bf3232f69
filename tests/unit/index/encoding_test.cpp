#include "index/encoding.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "support/index_language.h"

namespace rha::index::test {
namespace {

TEST(Encoding, ADigestComesBackFromItsBytes) {
  for (const auto* const content : {"a", "512 a"}) {
    EXPECT_EQ(decodeDigest(encodeDigest(digest(content))), digest(content));
  }
  EXPECT_EQ(encodeDigest(digest("a")).size(), 33U);
  EXPECT_EQ(encodeDigest(digest("512 a")).size(), 65U);
}

TEST(Encoding, WhatWasNeverWrittenIsDamage) {
  const auto needsRebuild = [](const auto& decode) {
    try {
      decode();
    } catch (const IndexError& error) {
      return error.needsRebuild();
    }
    return false;
  };
  EXPECT_TRUE(needsRebuild([] { decodeDigest(""); }));
  EXPECT_TRUE(needsRebuild([] { decodeDigest(encodeDigest(digest("a")) + "x"); }));
  EXPECT_TRUE(needsRebuild([] { decodeDigest(std::string(33, '\x07')); }));
  EXPECT_TRUE(needsRebuild([] { decodeRepository("No Name"); }));
  EXPECT_TRUE(needsRebuild([] { decodeTag("-"); }));
  EXPECT_TRUE(needsRebuild([] { decodeKind(4); }));
  EXPECT_TRUE(needsRebuild([] { decodeKind(-1); }));
}

TEST(Encoding, TheBytesOfDigestsSortAsTheirTextDoes) {
  std::vector<std::pair<std::string, std::string>> both;
  for (int i = 0; i < 50; ++i) {
    const auto value = digest((i % 2 == 0 ? "512 " : "") + std::to_string(i));
    both.emplace_back(value.text(), encodeDigest(value));
  }
  std::sort(both.begin(), both.end());
  EXPECT_TRUE(
      std::is_sorted(both.begin(), both.end(), [](const auto& a, const auto& b) { return a.second < b.second; }));
}

TEST(Encoding, ATimeBeforeTheEpochAndALargeLimitSurvive) {
  const WallTime early(std::chrono::microseconds(-5));
  EXPECT_EQ(decodeTime(encodeTime(early)), early);
  EXPECT_EQ(encodeLimit(7), 7);
  EXPECT_EQ(encodeLimit(~0ULL), std::numeric_limits<std::int64_t>::max());
}

}  // namespace
}  // namespace rha::index::test
