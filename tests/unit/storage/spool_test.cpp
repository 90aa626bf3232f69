#include "storage/spool.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "support/test_bytes.h"

namespace rha::storage {
namespace {

using std::chrono::milliseconds;
using test::bytesOf;
using test::pattern;

std::string contents(const Spool& spool) {
  std::string all(spool.size(), '\0');
  std::size_t done = 0;
  while (done < all.size()) {
    done += spool.read(done, std::as_writable_bytes(std::span(all)).subspan(done));
  }
  return all;
}

TEST(Spool, GivesBackWhatItTookFromAnyPlace) {
  SpoolBudget budget(8U << 20U);
  Spool spool(budget);
  std::string bytes;
  for (std::size_t i = 0; i < 3000000; ++i) {
    bytes += static_cast<char>(i * 7 + i / 255);
  }
  for (std::size_t at = 0; at < bytes.size(); at += 70001) {
    const auto piece = std::string_view(bytes).substr(at, 70001);
    EXPECT_EQ(spool.append(bytesOf(piece), 1U << 30U, milliseconds(0)), piece.size());
  }
  EXPECT_TRUE(contents(spool) == bytes);
  EXPECT_EQ(spool.md5Hex(), base::md5Hex(bytes));
  std::array<std::byte, 10> buffer{};
  EXPECT_EQ(spool.read(bytes.size(), buffer), 0U);
  EXPECT_EQ(budget.free(), 5U);
  spool.clear();
  EXPECT_EQ(budget.free(), 8U);
  EXPECT_EQ(spool.append(bytesOf("x"), 10, milliseconds(0)), 1U);
  EXPECT_EQ(contents(spool), "x");
  EXPECT_EQ(spool.md5Hex(), base::md5Hex("x"));
}

TEST(Spool, HasTheChecksumThatWasChosen) {
  SpoolBudget budget(8U << 20U);
  Spool spool(budget, SpoolChecksum::Sha256);
  spool.append(bytesOf("hello "), 100, milliseconds(0));
  spool.append(bytesOf("world"), 100, milliseconds(0));
  EXPECT_EQ(spool.sha256Hex(), base::hashHex(base::HashAlgorithm::Sha256, "hello world"));
  spool.clear();
  EXPECT_EQ(spool.sha256Hex(), base::hashHex(base::HashAlgorithm::Sha256, ""));
}

TEST(Spool, TakesNoMoreThanItsLimit) {
  SpoolBudget budget(8U << 20U);
  Spool spool(budget);
  EXPECT_EQ(spool.append(bytesOf("hello world"), 5, milliseconds(0)), 5U);
  EXPECT_EQ(spool.append(bytesOf("x"), 5, milliseconds(0)), 0U);
  EXPECT_EQ(contents(spool), "hello");
}

TEST(Spool, TakesNoMoreThanTheBudget) {
  SpoolBudget budget(2U << 20U);
  Spool first(budget);
  Spool second(budget);
  const std::string large(5U << 20U, 'a');
  EXPECT_EQ(first.append(bytesOf(large), 1U << 30U, milliseconds(0)), 2U << 20U);
  EXPECT_EQ(first.append(bytesOf(large), 1U << 30U, milliseconds(60'000)), 0U)
      << "with bytes of its own it need not wait";
  EXPECT_EQ(second.append(bytesOf(large), 1U << 30U, milliseconds(10)), 0U);
  std::thread later([&] { first.clear(); });
  EXPECT_GE(second.append(bytesOf(large), 1U << 30U, milliseconds(60'000)), 1U << 20U);
  later.join();
}

TEST(Spool, TellsWhetherMemoryIsPlenty) {
  SpoolBudget budget(4U << 20U);
  EXPECT_TRUE(budget.isPlenty());
  Spool spool(budget);
  const std::string chunk(kSpoolChunkBytes, 'a');
  spool.append(bytesOf(chunk), 1U << 30U, milliseconds(0));
  EXPECT_TRUE(budget.isPlenty());
  spool.append(bytesOf(chunk), 1U << 30U, milliseconds(0));
  EXPECT_FALSE(budget.isPlenty());
}

TEST(Spool, HashesTwoAtOnceWhateverTheirLengths) {
  SpoolBudget budget(16U << 20U);
  const std::string bytes = pattern(3'500'000);
  const std::string_view all = bytes;
  Spool first(budget);
  Spool second(budget);
  first.append(bytesOf(all), 1U << 30U, milliseconds(0));
  for (std::size_t at = 1; at < all.size(); at += 70001) {
    second.append(bytesOf(all.substr(at, 70001)), 1U << 30U, milliseconds(0));
    while (Spool::hashBoth(first, second)) {
    }
  }
  Spool third(budget);
  third.append(bytesOf(all.substr(0, 1000)), 1U << 30U, milliseconds(0));
  EXPECT_FALSE(Spool::hashBoth(second, third));  // less than a block is left
  EXPECT_EQ(first.md5Hex(), base::md5Hex(all));
  EXPECT_EQ(second.md5Hex(), base::md5Hex(all.substr(1)));
  EXPECT_EQ(third.md5Hex(), base::md5Hex(all.substr(0, 1000)));
}

TEST(Spool, HashesTwoBesideADigestAtHalfItsPace) {
  SpoolBudget budget(16U << 20U);
  const std::string bytes = pattern(3'500'000);
  const std::string_view all = bytes;
  Spool first(budget);
  Spool second(budget);
  first.append(bytesOf(all), 1U << 30U, milliseconds(0));
  second.append(bytesOf(all.substr(1)), 1U << 30U, milliseconds(0));
  base::Hasher digest(base::HashAlgorithm::Sha256);
  for (std::size_t at = 0; at < all.size(); at += 70'001) {
    Spool::hashBoth(first, second, bytesOf(all.substr(at, 70'001)), digest);
  }
  EXPECT_EQ(digest.hex(), base::hashHex(base::HashAlgorithm::Sha256, all));
  EXPECT_TRUE(first.hasBlocksToHash());  // half of it
  EXPECT_EQ(first.md5Hex(), base::md5Hex(all));
  EXPECT_FALSE(first.hasBlocksToHash());
  Spool::hashBoth(first, second, bytesOf(all), digest);
  EXPECT_EQ(digest.count(), 2 * all.size());
  EXPECT_EQ(second.md5Hex(), base::md5Hex(all.substr(1)));
}

TEST(Spool, HashesAChunkAtATime) {
  SpoolBudget budget(8U << 20U);
  Spool spool(budget);
  const std::string bytes(2 * kSpoolChunkBytes + 1, 'a');
  spool.append(bytesOf(bytes), 1U << 30U, milliseconds(0));
  EXPECT_TRUE(spool.hashSome());
  EXPECT_TRUE(spool.hashSome());
  EXPECT_TRUE(spool.hashSome());
  EXPECT_FALSE(spool.hashSome());
  EXPECT_EQ(spool.md5Hex(), base::md5Hex(bytes));
}

TEST(Spool, MemoryIsUsedAgainAsLongAsOthersHaveSome) {
  SpoolBudget budget(4U << 20U);
  Spool other(budget);
  other.append(bytesOf("x"), 10, milliseconds(0));
  ASSERT_TRUE(budget.tryTake());
  SpoolChunk chunk = budget.memory();
  const std::byte* const place = chunk.get();
  std::vector<SpoolChunk> chunks;
  chunks.push_back(std::move(chunk));
  budget.giveBack(1, std::move(chunks));
  ASSERT_TRUE(budget.tryTake());
  EXPECT_EQ(budget.memory().get(), place);
  budget.giveBack(1);
  other.clear();
  EXPECT_EQ(budget.free(), 4U);
}

}  // namespace
}  // namespace rha::storage
