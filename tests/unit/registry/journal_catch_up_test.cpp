#include "registry/journal_catch_up.h"

#include <gtest/gtest.h>

#include "registry/layout.h"
#include "support/flaky_driver.h"
#include "support/registry_under_test.h"

namespace rha::test {
namespace {

using registry::JournalRecord;

class CatchUpTest : public testing::Test {
 protected:
  RegistryUnderTest registry_;
  registry::Journal next_{registry_.driver(), "the-next-process"};

  std::uint64_t catchUp() {
    return registry::catchUp(registry_.driver(), *registry_.index, registry_.manifests, next_);
  }
  // What a process does that dies before its index write.
  void tagBehindTheIndex(const std::string& tagText, const oci::Digest& digest) {
    registry_.journal.append(
        {JournalRecord::Action::Tag, registry_.clock.now(), "a/b", tagText, digest.text(), "ci-build", "10.0.0.1"});
    registry_.driver().put(
        registry::layout::tagCurrentLink(repository("a/b"), tag(tagText), base::HashAlgorithm::Sha256), digest.text(),
        storage::Durability::Durable);
  }
};

TEST_F(CatchUpTest, ATagThatTheIndexMissedIsListedWithItsHistory) {
  const auto digest = registry_.pushImage("a/b", "v1");
  registry::markSettled(*registry_.index, registry_.journal);
  registry_.clock.advance(std::chrono::seconds(1));
  tagBehindTheIndex("v2", digest);
  EXPECT_EQ(registry_.index->tags(repository("a/b"), {"", 10}).size(), 1U);

  EXPECT_EQ(catchUp(), 1U);
  EXPECT_EQ(registry_.index->tags(repository("a/b"), {"", 10}).size(), 2U);
  const auto history = registry_.index->history(repository("a/b"), tag("v2"), 10);
  ASSERT_EQ(history.size(), 1U);
  EXPECT_EQ(history[0].actor, "ci-build");
  EXPECT_EQ(history[0].at, registry_.clock.now());
}

TEST_F(CatchUpTest, WhatIsSettledIsNotReadAgain) {
  registry_.pushImage("a/b", "v1");
  registry::markSettled(*registry_.index, registry_.journal);
  EXPECT_EQ(catchUp(), 0U);
}

TEST_F(CatchUpTest, ASequenceIsReadOnceOnly) {
  const auto digest = registry_.pushImage("a/b", "v1");
  tagBehindTheIndex("v2", digest);
  EXPECT_EQ(catchUp(), 1U);
  EXPECT_EQ(catchUp(), 0U);
}

TEST_F(CatchUpTest, WhileItsWriterLivesASequenceIsReadAgain) {
  const auto digest = registry_.pushImage("a/b", "v1");
  tagBehindTheIndex("v2", digest);
  const auto catchUpBeside = [this] {
    return registry::catchUp(registry_.driver(), *registry_.index, registry_.manifests, next_,
                             registry::OtherWriters::Living);
  };
  EXPECT_EQ(catchUpBeside(), 1U);
  tagBehindTheIndex("v3", digest);
  EXPECT_EQ(catchUpBeside(), 1U);
  EXPECT_EQ(registry_.index->tags(repository("a/b"), {"", 10}).size(), 3U);
  tagBehindTheIndex("v4", digest);
  EXPECT_EQ(catchUp(), 1U);
  EXPECT_EQ(registry_.index->tags(repository("a/b"), {"", 10}).size(), 4U);
  EXPECT_EQ(catchUp(), 0U);
}

TEST_F(CatchUpTest, ADeletionOfAManifestThatTheIndexMissedTakesItsTags) {
  const auto digest = registry_.pushImage("a/b", "v1");
  registry::markSettled(*registry_.index, registry_.journal);
  registry_.clock.advance(std::chrono::seconds(1));
  tagBehindTheIndex("v2", digest);
  registry_.clock.advance(std::chrono::seconds(1));
  registry_.journal.append(
      {JournalRecord::Action::Delete, registry_.clock.now(), "a/b", {}, digest.text(), "prod-build", "10.0.0.2"});
  registry_.driver().remove(registry::layout::revisionLink(repository("a/b"), digest));
  EXPECT_EQ(catchUp(), 1U);
  EXPECT_TRUE(registry_.index->tags(repository("a/b"), {"", 10}).empty());
  for (const char* name : {"v1", "v2"}) {
    const auto history = registry_.index->history(repository("a/b"), tag(name), 10);
    ASSERT_EQ(history.size(), 2U) << name;
    EXPECT_EQ(history[0].digest, std::nullopt) << name;
    EXPECT_EQ(history[0].at, registry_.clock.now()) << name;
    EXPECT_EQ(history[0].actor, "prod-build") << name;
  }
}

TEST_F(CatchUpTest, ARecordWhoseChangeWasNeverMadeLeavesNoEvent) {
  const auto digest = registry_.pushImage("a/b", "v1");
  registry::markSettled(*registry_.index, registry_.journal);
  registry_.clock.advance(std::chrono::seconds(1));
  registry_.journal.append(
      {JournalRecord::Action::Untag, registry_.clock.now(), "a/b", "v1", {}, "ci-build", "10.0.0.1"});
  EXPECT_EQ(catchUp(), 1U);
  EXPECT_EQ(registry_.manifests.resolve(repository("a/b"), tag("v1")), digest);
  EXPECT_EQ(registry_.index->history(repository("a/b"), tag("v1"), 10).size(), 1U);
}

TEST_F(CatchUpTest, AGapThatADeathLeftHidesNothing) {
  const auto digest = registry_.pushImage("a/b", "v1");
  registry::markSettled(*registry_.index, registry_.journal);
  registry_.clock.advance(std::chrono::seconds(1));
  tagBehindTheIndex("v2", digest);
  tagBehindTheIndex("v3", digest);
  registry_.driver().remove(registry::layout::journalRecord(registry_.journal.writer(), 3));
  EXPECT_EQ(catchUp(), 1U);
  EXPECT_EQ(registry_.index->tags(repository("a/b"), {"", 10}).size(), 3U);
}

TEST(JournalNumbersTest, ANumberWhoseRecordWasNotStoredIsUsedAgainAndNotSettled) {
  storage::MemoryDriver memory;
  FlakyDriver driver(memory);
  registry::Journal journal(driver, "writer");
  const JournalRecord record{JournalRecord::Action::Tag,
                             base::SystemClock().now(),
                             "a/b",
                             "v1",
                             oci::Digest::of("x").text(),
                             "ci",
                             "10.0.0.1"};
  EXPECT_EQ(journal.append(record), 1U);
  driver.fail({.operation = Operation::Put, .pathPart = "journal/"});
  EXPECT_THROW(journal.append(record), storage::StorageError);
  journal.settle(1);
  EXPECT_EQ(journal.settled(), 1U);
  EXPECT_EQ(journal.append(record), 2U);
  EXPECT_EQ(journal.settled(), 1U);
  journal.settle(2);
  EXPECT_EQ(journal.settled(), 2U);
}

TEST(UploadWithoutSpaceTest, TheUploadIsDiscardedAndTheSpaceGivenBack) {
  storage::MemoryDriver memory;
  auto driver = std::make_shared<FlakyDriver>(memory);
  RegistryUnderTest registry(driver);
  const auto name = repository("a/b");
  const auto ticket = registry.uploads.start(name, registry.actor, base::HashAlgorithm::Sha256);
  {
    auto writer = RegistryUnderTest::must(
        registry.uploads.resume({name, ticket.id, ticket.token, std::nullopt, std::nullopt, false}));
    driver->fail({.operation = Operation::Append, .failure = storage::StorageFailure::NoSpace});
    EXPECT_THROW(static_cast<void>(writer->append(bytesOf("x"))), storage::StorageError);
  }
  EXPECT_EQ(registry.uploads.status(name, ticket.id, ticket.token).error().code, oci::ErrorCode::BlobUploadUnknown);
}

}  // namespace
}  // namespace rha::test
