#include "contract/storage/storage_contract.h"
#include "oci/digest.h"

namespace rha::storage::test {
namespace {

class StorageObjects : public StorageContract {};
RHA_ON_EACH_DRIVER(StorageObjects);

TEST_P(StorageObjects, WhatWasPutIsRead) {
  put("a/link", "sha256:abc");
  EXPECT_EQ(get("a/link"), "sha256:abc");
  EXPECT_EQ(read("a/link"), "sha256:abc");
}

TEST_P(StorageObjects, AnotherDriverOnTheSameStorageReadsIt) {
  put("a/link", "sha256:abc");
  EXPECT_EQ(other().get(path("a/link"), kMax), "sha256:abc");
}

TEST_P(StorageObjects, ARelaxedPutIsReadAtOnceToo) {
  driver().put(path("state"), "1", Durability::Relaxed);
  driver().put(path("state"), "2", Durability::Relaxed);
  EXPECT_EQ(get("state"), "2");
}

TEST_P(StorageObjects, BytesAreKeptAsTheyAre) {
  std::string every;
  for (int value = 0; value < 256; ++value) {
    every += static_cast<char>(value);
  }
  put("bytes", every);
  EXPECT_EQ(get("bytes"), every);
}

TEST_P(StorageObjects, AMissingObjectIsANormalAnswer) {
  EXPECT_EQ(get("none"), std::nullopt);
  EXPECT_EQ(driver().open(path("none"), std::nullopt), nullptr);
  EXPECT_EQ(driver().open(path("none"), ByteRange{0, 1}), nullptr);
  EXPECT_FALSE(driver().stat(path("none")));
  EXPECT_FALSE(driver().remove(path("none")));
  EXPECT_EQ(driver().removeTree(path("none")), 0U);
}

TEST_P(StorageObjects, NothingIsBelowAnObject) {
  put("a", "x");
  EXPECT_EQ(get("a/b"), std::nullopt);
  EXPECT_FALSE(driver().stat(path("a/b")));
  EXPECT_FALSE(driver().remove(path("a/b")));
  EXPECT_EQ(get("a"), "x");
}

TEST_P(StorageObjects, AFolderIsNoObject) {
  put("folder/link", "x");
  EXPECT_FALSE(driver().stat(path("folder")));
  EXPECT_EQ(get("folder"), std::nullopt);
  EXPECT_EQ(driver().open(path("folder"), std::nullopt), nullptr);
  EXPECT_FALSE(driver().remove(path("folder")));
  EXPECT_EQ(get("folder/link"), "x");
}

TEST_P(StorageObjects, PutReplacesLongerByShorter) {
  put("a", pattern(5000));
  put("a", "short");
  EXPECT_EQ(get("a"), "short");
  EXPECT_EQ(driver().stat(path("a"))->size, 5U);
}

TEST_P(StorageObjects, AnEmptyObjectIsAnObject) {
  put("empty", "");
  EXPECT_EQ(get("empty"), "");
  EXPECT_EQ(driver().stat(path("empty"))->size, 0U);
  EXPECT_EQ(read("empty"), "");
  EXPECT_EQ(read("empty", ByteRange{0, 0}), "");
}

TEST_P(StorageObjects, GetOfMoreThanAllowedIsCorrupt) {
  put("a", pattern(100));
  EXPECT_EQ(driver().get(path("a"), 100)->size(), 100U);
  EXPECT_EQ(failureOf([&] { driver().get(path("a"), 99); }), StorageFailure::Corrupt);
}

TEST_P(StorageObjects, StatTellsSizeAndTime) {
  const auto before = std::chrono::system_clock::now();
  put("a", pattern(1234));
  const auto info = driver().stat(path("a"));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->size, 1234U);
  // Object stores have their own clocks, and some know whole seconds only.
  EXPECT_GE(info->modified, before - std::chrono::minutes(1));
  EXPECT_LE(info->modified, std::chrono::system_clock::now() + std::chrono::minutes(1));
}

TEST_P(StorageObjects, RangesAreRead) {
  const std::string bytes = pattern(10000);
  put("a", bytes);
  EXPECT_EQ(read("a", ByteRange{0, 10000}), bytes);
  EXPECT_EQ(read("a", ByteRange{0, 1}), bytes.substr(0, 1));
  EXPECT_EQ(read("a", ByteRange{9999, 1}), bytes.substr(9999));
  EXPECT_EQ(read("a", ByteRange{1234, 4321}), bytes.substr(1234, 4321));
  EXPECT_EQ(read("a", ByteRange{10000, 0}), "");
}

TEST_P(StorageObjects, ARangeBeyondTheObjectIsCorrupt) {
  put("a", pattern(100));
  const auto open = [&](ByteRange range) { return failureOf([&] { driver().open(path("a"), range); }); };
  EXPECT_EQ(open({0, 101}), StorageFailure::Corrupt);
  EXPECT_EQ(open({100, 1}), StorageFailure::Corrupt);
  EXPECT_EQ(open({101, 0}), StorageFailure::Corrupt);
  EXPECT_EQ(open({50, ~std::uint64_t{0}}), StorageFailure::Corrupt);
}

TEST_P(StorageObjects, ASourceIsReadInPiecesToItsEnd) {
  const std::string bytes = pattern(100000);
  put("a", bytes);
  const auto source = driver().open(path("a"), std::nullopt);
  ASSERT_TRUE(source);
  EXPECT_EQ(source->size(), bytes.size());
  std::string found;
  std::vector<std::byte> buffer(777);
  while (const std::size_t count = source->read(buffer)) {
    found.append(reinterpret_cast<const char*>(buffer.data()), count);
  }
  EXPECT_EQ(found, bytes);
  EXPECT_EQ(source->read(buffer), 0U);
  EXPECT_EQ(source->size(), bytes.size());
}

// Twice: what a driver keeps of it at the first time is as good as the storage.
TEST_P(StorageObjects, ABlobIsReadWholeAndInPartsAgainAndAgain) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1000}, std::size_t{300'000}}) {
    const std::string bytes = pattern(size, 7);
    const std::string name = oci::Digest::of(bytes).text();
    put(name, bytes);
    for (int time = 0; time < 2; ++time) {
      EXPECT_EQ(read(name, ByteRange{size / 2, size - size / 2}), bytes.substr(size / 2));
      EXPECT_EQ(read(name), bytes);
      EXPECT_EQ(read(name, ByteRange{size, 0}), "");
      EXPECT_EQ(driver().sizeToOpen(path(name)), size);
    }
    EXPECT_TRUE(driver().remove(path(name)));
    EXPECT_FALSE(driver().stat(path(name)));
  }
  EXPECT_EQ(driver().sizeToOpen(path("none")), std::nullopt);
}

TEST_P(StorageObjects, ASourceOutlivesTheReplacementAndRemovalOfItsObject) {
  const std::string bytes = pattern(300000, 1);
  put("a", bytes);
  const auto replaced = driver().open(path("a"), std::nullopt);
  const auto removed = driver().open(path("a"), ByteRange{100, 200000});
  put("a", pattern(300000, 2));
  driver().remove(path("a"));
  if (underTest().keepsReplacedBytes()) {
    EXPECT_EQ(base::readAll(*replaced, kMax), bytes);
    EXPECT_EQ(base::readAll(*removed, kMax), bytes.substr(100, 200000));
    return;
  }
  try {
    EXPECT_EQ(base::readAll(*replaced, kMax), bytes);
  } catch (const StorageError&) {
    SUCCEED() << "an object store may refuse, but never answer with other bytes";
  }
}

TEST_P(StorageObjects, RemoveTellsWhetherItWasThere) {
  put("a/b", "x");
  EXPECT_TRUE(driver().remove(path("a/b")));
  EXPECT_FALSE(driver().remove(path("a/b")));
  EXPECT_EQ(get("a/b"), std::nullopt);
  put("a/b", "again");
  EXPECT_EQ(get("a/b"), "again");
}

TEST_P(StorageObjects, RemoveTreeRemovesAllBelowAndNothingElse) {
  put("v1/current/link", "x");
  put("v1/index/sha256/a/link", "x");
  put("v1/index/sha256/b/link", "x");
  put("v10/current/link", "x");
  put("v1.0/current/link", "x");
  put("v1-rc", "x");
  EXPECT_EQ(driver().removeTree(path("v1")), 3U);
  EXPECT_EQ(get("v1/current/link"), std::nullopt);
  EXPECT_EQ(get("v1/index/sha256/b/link"), std::nullopt);
  EXPECT_EQ(get("v10/current/link"), "x");
  EXPECT_EQ(get("v1.0/current/link"), "x");
  EXPECT_EQ(get("v1-rc"), "x");
  EXPECT_EQ(driver().removeTree(path("v1")), 0U);
}

TEST_P(StorageObjects, RemoveTreeOfAnObjectLeavesIt) {
  put("a", "x");
  EXPECT_EQ(driver().removeTree(path("a")), 0U);
  EXPECT_EQ(get("a"), "x");
}

TEST_P(StorageObjects, PathsMayBeLongAndDeep) {
  std::string name = "repositories";
  while (folder().size() + name.size() < 1000) {
    name += "/part-" + std::to_string(name.size());
  }
  put(name, "deep");
  EXPECT_EQ(get(name), "deep");
  EXPECT_EQ(driver().removeTree(path("repositories")), 1U);
}

TEST_P(StorageObjects, PathsThatBreakTheRulesAreRefused) {
  for (const char* bad : {"", "/", "/etc/passwd", "a/", "a//b", "..", "../a", "a/../b", "a/..", ".", "./a", "a/./b"}) {
    EXPECT_THROW(driver().get(bad, kMax), std::logic_error) << bad;
    EXPECT_THROW(driver().open(bad, std::nullopt), std::logic_error) << bad;
    EXPECT_THROW(driver().stat(bad), std::logic_error) << bad;
    EXPECT_THROW(driver().put(bad, "x", Durability::Relaxed), std::logic_error) << bad;
    EXPECT_THROW(driver().remove(bad), std::logic_error) << bad;
    EXPECT_THROW(driver().removeTree(bad), std::logic_error) << bad;
    EXPECT_THROW(driver().list(bad, [](const ListEntry&) { return true; }), std::logic_error) << bad;
    EXPECT_THROW(driver().startUpload(bad), std::logic_error) << bad;
    EXPECT_THROW(driver().resumeUpload(bad, "x"), std::logic_error) << bad;
  }
  EXPECT_THROW(driver().get(std::string(1025, 'a'), kMax), std::logic_error);
  EXPECT_THROW(driver().get(std::string_view("a\0b", 3), kMax), std::logic_error);
}

TEST_P(StorageObjects, DotsWithinANameAreFine) {
  put("a.b/..c/v1..2", "x");
  EXPECT_EQ(get("a.b/..c/v1..2"), "x");
}

TEST_P(StorageObjects, CheckPassesAndLeavesNothing) {
  driver().check();
  expectListing("docker/registry-ha/health", {});
}

}  // namespace
}  // namespace rha::storage::test
