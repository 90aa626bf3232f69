// What one node writes to a shared storage comes into the lists of another, by the journal and without a listing.
#include "registry/journal_follower.h"

#include <gtest/gtest.h>

#include "registry/journal_catch_up.h"
#include "registry/journal_marks.h"
#include "registry/journal_packs.h"
#include "registry/layout.h"
#include "support/registry_under_test.h"
#include "support/shared_driver.h"

namespace rha::test {
namespace {

using registry::JournalRecord;

struct Node {
  explicit Node(std::shared_ptr<storage::StorageDriver> driver) : registry(std::move(driver)) {}
  std::string tags(const std::string& name = "a/b") { return registry.tagList(name); }
  std::vector<index::TagEvent> history(const std::string& name) {
    return registry.index->history(repository("a/b"), tag(name), 10);
  }
  void pass(std::chrono::seconds time) { registry.clock.advance(time); }

  RegistryUnderTest registry;
  registry::JournalFollower follower{{registry.storages, *registry.index, registry.manifests, registry.turns,
                                      registry.clock, registry.logger, registry.journal.writer(),
                                      RegistryUnderTest::kManifestBytes}};
};

class FollowerTest : public testing::Test {
 protected:
  oci::Digest pushHere(const std::string& tagText, const std::string& more = "") {
    return here_.registry.pushImage("a/b", tagText, {}, more.empty() ? "" : R"(,"annotations":{"x":")" + more + "\"}");
  }

  std::shared_ptr<SharedDriver> driver_ = std::make_shared<SharedDriver>();
  Node here_{driver_};
  Node there_{driver_};
};

TEST_F(FollowerTest, APushIsListedThereWithItsActorAlsoWhileListingsLag) {
  driver_->lagging = true;
  there_.follower.poll();
  const auto digest = pushHere("v1");
  EXPECT_EQ(there_.tags(), "");
  EXPECT_EQ(there_.follower.poll(), 2U);
  EXPECT_EQ(there_.tags(), here_.tags());
  ASSERT_EQ(there_.history("v1").size(), 1U);
  EXPECT_EQ(there_.history("v1")[0].actor, "ci-build");
  EXPECT_TRUE(there_.registry.index->manifest(repository("a/b"), digest));
  EXPECT_EQ(there_.follower.poll(), 0U);
}

TEST_F(FollowerTest, MovesAndDeletionsComeThroughToo) {
  pushHere("v1", "one");
  pushHere("v2", "one");
  there_.follower.poll();
  EXPECT_EQ(there_.tags(), here_.tags());
  here_.pass(std::chrono::seconds(1));
  const auto moved = pushHere("v1", "two");
  there_.follower.poll();
  EXPECT_EQ(there_.tags(), here_.tags());
  here_.pass(std::chrono::seconds(1));
  ASSERT_TRUE(here_.registry.manifests.removeTag(repository("a/b"), tag("v2"), here_.registry.actor).ok());
  there_.follower.poll();
  EXPECT_EQ(there_.tags(), here_.tags());
  here_.pass(std::chrono::seconds(1));
  ASSERT_TRUE(here_.registry.manifests.removeManifest(repository("a/b"), moved, here_.registry.actor).ok());
  there_.follower.poll();
  EXPECT_EQ(there_.tags(), "");
  EXPECT_FALSE(there_.registry.index->manifest(repository("a/b"), moved));
  EXPECT_EQ(there_.history("v1").size(), 3U);
}

TEST_F(FollowerTest, ARecordIsLookedAtAgainUntilItsChangeIsThere) {
  const auto digest = pushHere("v1");
  there_.follower.poll();
  const auto link = registry::layout::tagCurrentLink(repository("a/b"), tag("v2"), base::HashAlgorithm::Sha256);
  here_.registry.journal.append(
      {JournalRecord::Action::Tag, here_.registry.clock.now(), "a/b", "v2", digest.text(), "ci", "10.0.0.1"});
  EXPECT_EQ(there_.follower.poll(), 0U);
  driver_->put(link, digest.text(), storage::Durability::Durable);
  EXPECT_EQ(there_.follower.poll(), 1U);
  EXPECT_NE(there_.tags().find("v2->"), std::string::npos);
}

TEST_F(FollowerTest, AChangeThatNeverCameIsForgottenAfterAWhile) {
  const auto digest = pushHere("v1");
  here_.registry.journal.append(
      {JournalRecord::Action::Untag, here_.registry.clock.now(), "a/b", "v1", {}, "ci", "10.0.0.1"});
  there_.follower.poll();
  there_.pass(registry::JournalFollower::kPatience + std::chrono::seconds(1));
  there_.follower.poll();
  EXPECT_EQ(there_.registry.manifests.resolve(repository("a/b"), tag("v1")), digest);
  EXPECT_NE(there_.tags(), "");
  EXPECT_EQ(registry::SequenceMark::of(*there_.registry.index, here_.registry.journal.writer()).settled, 3U);
}

TEST_F(FollowerTest, ADeletionHereKnowsTheTagsThatWerePushedThere) {
  const auto digest = pushHere("v1");
  Node other(driver_);
  ASSERT_EQ(other.registry.pushImage("a/b", "v2"), digest);
  here_.registry.manifests.beforeRemoval([this] { here_.follower.poll(); });
  driver_->lagging = true;
  ASSERT_TRUE(here_.registry.manifests.removeManifest(repository("a/b"), digest, here_.registry.actor).ok());
  pushHere("v3");  // the same manifest again
  EXPECT_FALSE(here_.registry.manifests.resolve(repository("a/b"), tag("v2")));
}

TEST_F(FollowerTest, WithoutNewsItCostsOneRequestForEachSequenceAndTwoForTheRoll) {
  pushHere("v1");
  there_.follower.poll();
  there_.follower.poll();
  driver_->gets = 0;
  there_.follower.poll();
  EXPECT_EQ(driver_->gets, 3U);
}

TEST_F(FollowerTest, AGapThatADeathLeftHidesNothingForLong) {
  const auto digest = pushHere("v1");
  there_.follower.poll();
  const auto record = [&](const std::string& name) {
    const auto number = here_.registry.journal.append(
        {JournalRecord::Action::Tag, here_.registry.clock.now(), "a/b", name, digest.text(), "ci", "10.0.0.1"});
    driver_->put(registry::layout::tagCurrentLink(repository("a/b"), tag(name), base::HashAlgorithm::Sha256),
                 digest.text(), storage::Durability::Durable);
    return number;
  };
  driver_->remove(registry::layout::journalRecord(here_.registry.journal.writer(), record("v2")));
  record("v3");
  for (int i = 0; i < 16; ++i) {
    there_.follower.poll();
  }
  EXPECT_NE(there_.tags().find("v3->"), std::string::npos);
}

// A weekend later its sequence counts as over there, and its old records are in a pack.
TEST_F(FollowerTest, ANodeThatWasSilentForLongIsFollowedAgainWhereItLeftOff) {
  pushHere("v1", "one");
  there_.follower.poll();
  for (Node* node : {&here_, &there_}) {
    node->pass(std::chrono::hours(48));
  }
  registry::Journal own(*driver_, "there, started again");
  registry::catchUp(*driver_, *there_.registry.index, there_.registry.manifests, own, registry::OtherWriters::Ended,
                    &there_.registry.roll);
  EXPECT_TRUE(registry::SequenceMark::of(*there_.registry.index, here_.registry.journal.writer()).over);
  EXPECT_EQ(registry::packJournal(*driver_, here_.registry.clock.now(), [] { return true; }), 2U);
  pushHere("v2", "two");
  registry::JournalFollower again{{there_.registry.storages, *there_.registry.index, there_.registry.manifests,
                                   there_.registry.turns, there_.registry.clock, there_.registry.logger, own.writer(),
                                   RegistryUnderTest::kManifestBytes}};
  again.poll();
  EXPECT_EQ(there_.tags(), here_.tags());
}

// Without a mark: as where the index was made anew.
TEST_F(FollowerTest, PackedRecordsAreFollowed) {
  pushHere("v1", "one");
  pushHere("v2", "two");
  here_.pass(std::chrono::seconds(1));
  EXPECT_EQ(registry::packJournal(*driver_, here_.registry.clock.now(), [] { return true; }), 4U);
  there_.follower.poll();
  EXPECT_EQ(there_.tags(), here_.tags());
  EXPECT_EQ(there_.history("v1").size(), 1U);
}

TEST(JournalRollTest, AWriterThatLostItsNumberToAnotherEntersAgain) {
  storage::MemoryDriver driver;
  FakeClock clock;
  registry::JournalRoll one(driver, clock);
  registry::JournalRoll two(driver, clock);
  one.enter("one");
  one.enter("one");
  ASSERT_TRUE(one.read(1));
  EXPECT_EQ(one.read(1)->writer, "one");
  EXPECT_FALSE(one.read(2));
  // At the same moment: neither saw the other.
  driver.remove(registry::layout::journalRollEntry(1));
  two.enter("two");
  one.confirm();
  two.confirm();
  ASSERT_TRUE(one.read(2));
  EXPECT_EQ(one.read(1)->writer, "two");
  EXPECT_EQ(one.read(2)->writer, "one");
  EXPECT_EQ(one.recent().size(), 2U);
}

TEST(JournalRollTest, AnEntryIsMadeAgainBeforeItsReadersForgetIt) {
  storage::MemoryDriver driver;
  FakeClock clock;
  registry::JournalRoll roll(driver, clock);
  roll.enter("one");
  clock.advance(registry::JournalRoll::kStands + std::chrono::seconds(1));
  roll.enter("one");
  EXPECT_TRUE(roll.read(2));
  clock.advance(registry::JournalRoll::kFollowed);
  EXPECT_EQ(roll.recent().size(), 1U);
  clock.advance(std::chrono::seconds(1));
  EXPECT_TRUE(roll.recent().empty());
}

}  // namespace
}  // namespace rha::test
