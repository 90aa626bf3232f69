// Old records of the journal lie in packs, and whoever reads the journal does not see a difference.
#include "registry/journal_packs.h"

#include <gtest/gtest.h>

#include "registry/journal_catch_up.h"
#include "registry/journal_marks.h"
#include "registry/layout.h"
#include "storage/memory_driver.h"
#include "support/fake_clock.h"
#include "support/flaky_driver.h"
#include "support/registry_under_test.h"

namespace rha::test {
namespace {

using registry::Journal;
using registry::JournalPlace;
using registry::JournalRecord;

class JournalPacksTest : public testing::Test {
 protected:
  storage::MemoryDriver memory_;
  FakeClock clock_;
  Journal journal_{memory_, "writer"};

  void append(int count, Journal& journal) {
    for (int i = 0; i < count; ++i) {
      clock_.advance(std::chrono::seconds(1));
      journal.append({JournalRecord::Action::Untag, clock_.now(), "a/b", "v" + std::to_string(++tags_), {}, "ci", {}});
    }
  }
  void append(int count) { append(count, journal_); }
  std::uint64_t pack(storage::StorageDriver& driver, base::WallTime before) {
    return registry::packJournal(driver, before, [] { return true; });
  }
  std::uint64_t packAll() { return pack(memory_, clock_.now() + std::chrono::seconds(1)); }
  // All there is, in the order in which it is read: "writer/number tag".
  std::vector<std::string> all(std::uint64_t damaged = 0) {
    std::vector<std::string> seen;
    EXPECT_EQ(Journal::readAll(memory_,
                               [&](const JournalPlace& place, const JournalRecord& record) {
                                 seen.push_back(place.writer + '/' + std::to_string(place.number) + ' ' + record.tag);
                               }),
              damaged);
    return seen;
  }
  bool hasRecord(std::uint64_t number) {
    return memory_.stat(registry::layout::journalRecord("writer", number)).has_value();
  }

  int tags_ = 0;
};

TEST_F(JournalPacksTest, APackHoldsAThousandNumbersAndReadsAsItsRecordsDid) {
  append(2001);
  const auto before = all();
  ASSERT_EQ(before.size(), 2001U);
  EXPECT_EQ(packAll(), 2001U);
  EXPECT_EQ(all(), before);
  for (const std::uint64_t number : {1, 999, 1000, 2000, 2001}) {
    EXPECT_FALSE(hasRecord(number)) << number;
  }
  EXPECT_EQ(registry::readJournalPack(memory_, "writer", 0).entries.size(), 999U);
  EXPECT_EQ(registry::readJournalPack(memory_, "writer", 2).entries.size(), 2U);
  EXPECT_EQ(packAll(), 0U);
}

TEST_F(JournalPacksTest, AThousandIsLeftUntilItsNewestRecordIsOld) {
  append(1200);
  const auto middle = clock_.now() - std::chrono::seconds(100);
  EXPECT_EQ(pack(memory_, middle), 999U);
  EXPECT_TRUE(hasRecord(1000));
  EXPECT_EQ(pack(memory_, middle + std::chrono::seconds(101)), 201U);
}

TEST_F(JournalPacksTest, WhatComesLaterIsAddedToThePack) {
  append(3);
  packAll();
  append(2);
  const auto before = all();
  EXPECT_EQ(before.size(), 5U);
  EXPECT_EQ(packAll(), 2U);
  EXPECT_EQ(all(), before);
}

TEST_F(JournalPacksTest, ASingleRecordIsNotWorthAPack) {
  append(1);
  EXPECT_EQ(packAll(), 0U);
  EXPECT_TRUE(hasRecord(1));
}

TEST_F(JournalPacksTest, ADamagedRecordStaysAndIsCounted) {
  append(3);
  memory_.put(registry::layout::journalRecord("writer", 2), "{not json", storage::Durability::Durable);
  EXPECT_EQ(packAll(), 2U);
  EXPECT_TRUE(hasRecord(2));
  EXPECT_EQ(all(1), (std::vector<std::string>{"writer/1 v1", "writer/3 v3"}));
}

TEST_F(JournalPacksTest, NothingIsAddedToADamagedPack) {
  append(3);
  packAll();
  const std::string path = registry::layout::journalPack("writer", 0);
  memory_.put(path, memory_.get(path, 1 << 20).value() + "4 {half a li", storage::Durability::Durable);
  append(2);
  EXPECT_EQ(packAll(), 0U);
  EXPECT_TRUE(hasRecord(4));
  EXPECT_EQ(all(1).size(), 5U);
}

TEST_F(JournalPacksTest, NothingIsLostWhereverPackingIsBrokenOff) {
  int failures = 0;
  for (const Operation operation : {Operation::List, Operation::Get, Operation::Put, Operation::Remove}) {
    for (const FaultTime time : {FaultTime::Before, FaultTime::After}) {
      for (unsigned skip = 0; skip < 6; ++skip) {
        append(2);
        const auto before = all();
        FlakyDriver flaky(memory_);
        flaky.fail({.operation = operation, .time = time, .skip = skip});
        try {
          pack(flaky, clock_.now() + std::chrono::seconds(1));
        } catch (const storage::StorageError&) {
          ++failures;
        }
        ASSERT_EQ(all(), before) << skip;
      }
    }
  }
  EXPECT_GT(failures, 20);
  packAll();
  EXPECT_FALSE(hasRecord(static_cast<std::uint64_t>(tags_)));
}

// Two nodes: what the other one packs between the look at a record and the look at the pack is found in one of them.
TEST_F(JournalPacksTest, WhatIsPackedMeanwhileIsInThePack) {
  append(10);
  const auto before = all();
  FlakyDriver slow(memory_);
  bool once = false;
  slow.observe([&](Operation operation, std::string_view path) {
    if (operation == Operation::Get && path == registry::layout::journalRecord("writer", 5) && !once) {
      once = true;
      EXPECT_EQ(packAll(), 10U);
    }
  });
  pack(slow, clock_.now() + std::chrono::seconds(1));
  EXPECT_TRUE(once);
  EXPECT_EQ(all(), before);
}

TEST_F(JournalPacksTest, PackedRecordsAreReadFromAnyNumberOn) {
  append(1500);
  packAll();
  append(1);
  const auto from = [&](std::uint64_t number) {
    std::uint64_t count = 0;
    const std::uint64_t next =
        Journal::readPacked(memory_, {"writer", number}, [&](const JournalPlace&, const JournalRecord&) { ++count; });
    return std::to_string(count) + " and on at " + std::to_string(next);
  };
  EXPECT_EQ(from(1), "1500 and on at 1501");
  EXPECT_EQ(from(999), "502 and on at 1501");
  EXPECT_EQ(from(1400), "101 and on at 1501");
  EXPECT_EQ(from(1501), "0 and on at 1501");
  EXPECT_EQ(from(2500), "0 and on at 2500");
}

// A node that was away for long: its index stands at a number that is packed by now.
TEST(JournalPacksCatchUpTest, WhatIsPackedIsCaughtUpWith) {
  RegistryUnderTest registry;
  const auto digest = registry.pushImage("a/b", "v1");
  registry::markSettled(*registry.index, registry.journal);
  for (const char* name : {"v2", "v3"}) {
    registry.journal.append({JournalRecord::Action::Tag, registry.clock.now(), "a/b", name, digest.text(), "ci", {}});
    registry.driver().put(registry::layout::tagCurrentLink(repository("a/b"), tag(name), base::HashAlgorithm::Sha256),
                          digest.text(), storage::Durability::Durable);
  }
  const auto later = registry.clock.now() + std::chrono::seconds(1);
  EXPECT_EQ(registry::packJournal(registry.driver(), later, [] { return true; }), 4U);
  Journal next(registry.driver(), "the-next-process");
  EXPECT_EQ(registry::catchUp(registry.driver(), *registry.index, registry.manifests, next), 1U);
  EXPECT_EQ(registry.index->tags(repository("a/b"), {"", 10}).size(), 3U);
  EXPECT_EQ(registry.index->history(repository("a/b"), tag("v3"), 10).size(), 1U);
  const auto mark = registry::SequenceMark::of(*registry.index, registry.journal.writer());
  EXPECT_TRUE(mark.over);
}

}  // namespace
}  // namespace rha::test
