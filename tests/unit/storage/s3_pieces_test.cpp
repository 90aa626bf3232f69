#include "storage/s3_pieces.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace rha::storage {
namespace {

constexpr std::uint64_t kMin = kS3MinPartBytes;

std::vector<S3Piece> piecesOf(const std::vector<std::uint64_t>& sizes) {
  std::vector<S3Piece> pieces;
  for (const std::uint64_t size : sizes) {
    pieces.push_back({"p" + std::to_string(pieces.size()), size});
  }
  return pieces;
}

// Checks what S3 demands of parts, and that they are all bytes in order. Returns how many are copied.
std::size_t checkPlan(const std::vector<S3Piece>& pieces) {
  const auto parts = planS3Parts(pieces);
  std::vector<std::uint64_t> taken(pieces.size());
  std::size_t copied = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::uint64_t size = 0;
    for (const S3Slice& slice : parts[i].slices) {
      while (taken[at] == pieces[at].size) {
        ++at;
      }
      EXPECT_EQ(slice.piece, at);
      EXPECT_EQ(slice.offset, taken[at]);
      EXPECT_GT(slice.length, 0U);
      taken[at] += slice.length;
      size += slice.length;
    }
    if (parts[i].copied) {
      ++copied;
      const S3Slice& slice = parts[i].slices.at(0);
      EXPECT_EQ(parts[i].slices.size(), 1U);
      // Amazon copies a range only of an object of more than 5 MB.
      EXPECT_TRUE(slice.length == pieces[slice.piece].size || pieces[slice.piece].size > kMin);
    } else {
      EXPECT_LE(size, kS3MaxGatheredBytes);
    }
    EXPECT_TRUE(size >= kMin || i + 1 == parts.size()) << "part " << i << " has " << size;
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    EXPECT_EQ(taken[i], pieces[i].size);
  }
  return copied;
}

TEST(S3Plan, LargePiecesAreCopied) {
  EXPECT_EQ(checkPlan(piecesOf({kMin, 32U << 20U, kMin + 1})), 3U);
  EXPECT_EQ(checkPlan(piecesOf({kMin, 1})), 2U) << "the last may be small";
  EXPECT_EQ(checkPlan(piecesOf({1})), 1U);
}

TEST(S3Plan, SmallPiecesTakeOfTheNext) {
  const auto pieces = piecesOf({1, 32U << 20U});
  EXPECT_EQ(checkPlan(pieces), 1U);
  const auto parts = planS3Parts(pieces);
  ASSERT_EQ(parts.size(), 2U);
  ASSERT_EQ(parts[0].slices.size(), 2U);
  EXPECT_EQ(parts[0].slices[1].length, kMin - 1);
}

TEST(S3Plan, HoldsForAllSortsOfPieces) {
  std::mt19937 random(7);
  std::uniform_int_distribution<std::uint64_t> small(0, 2 * kMin);
  std::uniform_int_distribution<std::uint64_t> large(kMin, 4 * kMin);
  std::uniform_int_distribution<int> count(1, 12);
  for (int i = 0; i < 500; ++i) {
    std::vector<std::uint64_t> sizes(static_cast<std::size_t>(count(random)));
    for (std::uint64_t& size : sizes) {
      size = random() % 2 == 0 ? small(random) : large(random);
    }
    checkPlan(piecesOf(sizes));
    ASSERT_FALSE(HasFailure()) << ::testing::PrintToString(sizes);
  }
}

TEST(S3Pieces, NamesCarryNumberAndMark) {
  SegmentList list;
  list.add(7, "00ff");
  list.add(7, "00ff");
  list.add(9, "11ee");
  const auto pieces = s3PiecesOf("p/_uploads/u", list);
  ASSERT_EQ(pieces.size(), 3U);
  EXPECT_EQ(pieces[0].key, "p/_uploads/u/part-00001-00ff");
  EXPECT_EQ(pieces[2].key, "p/_uploads/u/part-00003-11ee");
  EXPECT_EQ(pieces[2].size, 9U);
}

}  // namespace
}  // namespace rha::storage
