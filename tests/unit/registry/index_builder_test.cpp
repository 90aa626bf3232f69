#include "registry/index_builder.h"

#include <gtest/gtest.h>

#include "registry/journal_catch_up.h"
#include "registry/layout.h"
#include "storage/storage_error.h"
#include "support/flaky_driver.h"
#include "support/registry_under_test.h"
#include "support/shared_driver.h"

namespace rha::test {
namespace {

class IndexBuilderTest : public testing::Test {
 protected:
  RegistryUnderTest registry_;
  registry::BuildProgress progress_;

  std::unique_ptr<index::Index> rebuilt() {
    auto index = registry_.emptyIndex();
    const std::atomic<bool> stop{false};
    EXPECT_TRUE(builder().build(*index, progress_, stop));
    return index;
  }
  registry::IndexBuilder builder() { return {registry_.driver(), registry_.logger, RegistryUnderTest::kManifestBytes}; }
  static std::string historyOf(index::Index& index, const std::string& name, const std::string& tagText) {
    std::string text;
    for (const auto& event : index.history(repository(name), tag(tagText), 100)) {
      text += (event.digest ? std::string(event.digest->hex().substr(0, 8)) : "gone") + "@" +
              base::formatRfc3339Micros(event.at) + " by " + event.actor + "\n";
    }
    return text;
  }
};

TEST_F(IndexBuilderTest, ARebuiltIndexSaysWhatTheLiveOneSays) {
  const auto first = registry_.pushImage("a/b", "v1");
  registry_.clock.advance(std::chrono::minutes(5));
  registry_.pushImage("a/b", "v1", {}, R"(,"annotations":{"second":"push"})");
  registry_.pushImage("a/b", "keep");
  registry_.clock.advance(std::chrono::minutes(5));
  RegistryUnderTest::must(registry_.manifests.removeTag(repository("a/b"), tag("keep"), registry_.actor));
  registry_.pushImage(
      "a", "x", {},
      R"(,"subject":)" + RegistryUnderTest::descriptor("application/vnd.oci.image.manifest.v1+json", first));
  registry_.pushBlob("only/blobs", "b");

  const auto index = rebuilt();
  EXPECT_EQ(RegistryUnderTest::tagList(*index, "a/b"), registry_.tagList("a/b"));
  EXPECT_EQ(historyOf(*index, "a/b", "v1"), historyOf(*registry_.index, "a/b", "v1"));
  EXPECT_EQ(historyOf(*index, "a/b", "keep"), historyOf(*registry_.index, "a/b", "keep"));
  EXPECT_EQ(index->referrers(repository("a"), first, "", {"", 10}).size(), 1U);
  EXPECT_EQ(index->repositories({"", 10}, {}).size(), 3U);
  EXPECT_EQ(index->manifest(repository("a/b"), first)->pushedAt,
            registry_.index->manifest(repository("a/b"), first)->pushedAt);
  EXPECT_EQ(progress_.repositories.load(), 3U);
  EXPECT_EQ(progress_.problems.load(), 0U);
}

TEST_F(IndexBuilderTest, WhatAnotherRegistryWroteIsFound) {
  const auto digest = registry_.pushImage("a/b", "v1");
  // As 2.8 would: links, no journal.
  const auto old = tag("by-2.8");
  registry_.driver().put(registry::layout::tagCurrentLink(repository("a/b"), old, base::HashAlgorithm::Sha256),
                         digest.text(), storage::Durability::Durable);
  const auto index = rebuilt();
  EXPECT_EQ(index->tags(repository("a/b"), {"", 10}).size(), 2U);
  EXPECT_EQ(index->history(repository("a/b"), old, 10).size(), 1U);
}

// A record precedes its change: what another process was doing while the index was built is found afterwards.
TEST_F(IndexBuilderTest, AChangeThatWasAnnouncedAndCameAfterTheBuildIsCaughtUpWith) {
  const auto digest = registry_.pushImage("a/b", "v1");
  registry_.journal.append({registry::JournalRecord::Action::Tag, registry_.clock.now(), "a/b", "v2", digest.text(),
                            "ci-build", "10.0.0.1"});
  const auto index = rebuilt();
  EXPECT_EQ(index->tags(repository("a/b"), {"", 10}).size(), 1U);
  registry_.driver().put(registry::layout::tagCurrentLink(repository("a/b"), tag("v2"), base::HashAlgorithm::Sha256),
                         digest.text(), storage::Durability::Durable);
  registry::Journal own(registry_.driver(), "the process that built");
  registry::KeyedMutex turns;
  registry::Blobs blobs(registry_.storages, *index, registry_.clock);
  registry::Manifests manifests(registry_.storages, *index, blobs, own, turns, registry_.clock, registry_.logger,
                                RegistryUnderTest::kManifestBytes);
  EXPECT_EQ(registry::catchUp(registry_.driver(), *index, manifests, own), 1U);
  EXPECT_EQ(index->tags(repository("a/b"), {"", 10}).size(), 2U);
}

TEST_F(IndexBuilderTest, ADamagedRepositoryIsCountedAndTheRestIsBuilt) {
  const auto lost = registry_.pushImage("a", "v1", {}, R"(,"annotations":{"lost":"1"})");
  registry_.pushImage("b", "v1");
  registry_.driver().remove(registry::layout::blobData(lost));
  const auto index = rebuilt();
  EXPECT_TRUE(index->tags(repository("a"), {"", 10}).empty());
  EXPECT_EQ(index->tags(repository("b"), {"", 10}).size(), 1U);
  EXPECT_GT(progress_.problems.load(), 0U);
}

TEST_F(IndexBuilderTest, ReindexingARepositoryRemovesWhatIsGoneAndKeepsTheHistory) {
  registry_.pushImage("a", "v1");
  registry_.pushImage("a", "v2", {}, R"(,"annotations":{"x":"2"})");
  registry_.driver().removeTree(registry::layout::tagFolder(repository("a"), tag("v2"), base::HashAlgorithm::Sha256));
  registry_.index->markDirty(repository("a"));
  registry_.manifests.reindex(repository("a"));
  const auto tags = registry_.index->tags(repository("a"), {"", 10});
  ASSERT_EQ(tags.size(), 1U);
  EXPECT_EQ(tags[0].tag.text(), "v1");
  EXPECT_EQ(registry_.index->history(repository("a"), tag("v2"), 10).size(), 2U);
  EXPECT_TRUE(registry_.index->dirtyRepositories().empty());
}

TEST_F(IndexBuilderTest, TheIdentityOfAStorageStays) {
  const auto identity = registry::identityOf(registry_.driver());
  EXPECT_EQ(identity, registry::identityOf(registry_.driver()));
  RegistryUnderTest other;
  EXPECT_NE(identity, registry::identityOf(other.driver()));
}

// On a storage where each look is a request.
class RemoteIndexBuilderTest : public testing::Test {
 protected:
  static constexpr int kRepositories = 30;
  static std::string name(int number) { return "r" + std::to_string(number) + "/x"; }

  void pushToAll() {
    for (int i = 0; i < kRepositories; ++i) {
      for (const std::string each : {"1", "2", "3"}) {
        live_.clock.advance(std::chrono::seconds(1));
        live_.pushImage(name(i), each, {}, R"(,"annotations":{"n":")" + each + R"("})");
      }
    }
    live_.clock.advance(std::chrono::seconds(1));
    RegistryUnderTest::must(live_.manifests.removeTag(repository(name(7)), tag("2"), live_.actor));
  }
  bool build(index::Index& index) {
    registry::IndexBuilder builder(flaky_, live_.logger, RegistryUnderTest::kManifestBytes);
    return builder.build(index, progress_, stop_);
  }

  const std::shared_ptr<SharedDriver> driver_ = std::make_shared<SharedDriver>();
  RegistryUnderTest live_{driver_};
  FlakyDriver flaky_{*driver_};
  registry::BuildProgress progress_;
  std::atomic<bool> stop_{false};
};

TEST_F(RemoteIndexBuilderTest, ManyObjectsAreReadAtOnceAndTheIndexIsTheLiveOne) {
  pushToAll();
  driver_->pause = std::chrono::milliseconds(1);
  const auto index = live_.emptyIndex();
  ASSERT_TRUE(build(*index));
  EXPECT_GT(driver_->mostAtOnce.load(), 6U) << "more than one repository, and more than one object of it";
  EXPECT_EQ(progress_.repositories.load(), kRepositories);
  EXPECT_EQ(progress_.tags.load(), 3 * kRepositories - 1);
  EXPECT_EQ(progress_.problems.load(), 0U);
  for (int i = 0; i < kRepositories; ++i) {
    EXPECT_EQ(RegistryUnderTest::tagList(*index, name(i)), live_.tagList(name(i)));
    for (const char* each : {"1", "2", "3"}) {
      EXPECT_EQ(index->history(repository(name(i)), tag(each), 10).size(),
                live_.index->history(repository(name(i)), tag(each), 10).size());
    }
  }
}

TEST_F(RemoteIndexBuilderTest, ARepositoryThatCannotBeReadIsMarkedAndTheRestIsBuilt) {
  pushToAll();
  flaky_.fail({.operation = Operation::Get, .pathPart = "/" + name(11) + "/_manifests/tags/2/", .count = 100});
  const auto index = live_.emptyIndex();
  ASSERT_TRUE(build(*index));
  EXPECT_EQ(progress_.problems.load(), 1U);
  ASSERT_EQ(index->dirtyRepositories().size(), 1U);
  EXPECT_EQ(index->dirtyRepositories()[0].text(), name(11));
  EXPECT_EQ(RegistryUnderTest::tagList(*index, name(12)), live_.tagList(name(12)));
}

TEST_F(RemoteIndexBuilderTest, AListingThatFailsEndsTheBuildOnceNothingRunsAnyMore) {
  pushToAll();
  flaky_.fail({.operation = Operation::List, .pathPart = "repositories/r29", .count = 100});
  const auto index = live_.emptyIndex();
  EXPECT_THROW(build(*index), storage::StorageError);
}

TEST_F(RemoteIndexBuilderTest, ABuildThatIsStoppedSaysSo) {
  pushToAll();
  stop_ = true;
  const auto index = live_.emptyIndex();
  EXPECT_FALSE(build(*index));
  EXPECT_LT(progress_.repositories.load(), kRepositories);
}

TEST(JournalTest, RecordsAreNumberedFromOneAndReadInOrder) {
  storage::MemoryDriver driver;
  registry::Journal journal(driver, "writer");
  const registry::JournalRecord record{registry::JournalRecord::Action::Tag,
                                       base::SystemClock().now(),
                                       "a/b",
                                       "v1",
                                       oci::Digest::of("x").text(),
                                       "ci",
                                       "10.0.0.1"};
  journal.append(record);
  journal.append(record);
  std::vector<std::string> seen;
  EXPECT_EQ(
      registry::Journal::readAll(driver, [&](const auto&, const auto& read) { seen.push_back(read.tag + read.actor); }),
      0U);
  EXPECT_EQ(seen, (std::vector<std::string>{"v1ci", "v1ci"}));
  EXPECT_TRUE(driver.stat(registry::layout::journalRecord("writer", 2)));
}

}  // namespace
}  // namespace rha::test
