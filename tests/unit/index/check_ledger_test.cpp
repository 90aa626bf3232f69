#include "index/check_ledger.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/temporary_folder.h"

namespace rha::index::test {
namespace {

class CheckLedgerTest : public ::testing::Test {
 protected:
  rha::test::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "fsck.sqlite";
  std::unique_ptr<CheckLedger> ledger_ = CheckLedger::create(path_);
  CheckLedger::BlobPlace digest_{Digest::of("x")};

  void reopen() {
    ledger_.reset();
    ledger_ = CheckLedger::open(path_);
    ASSERT_TRUE(ledger_);
  }
};

TEST_F(CheckLedgerTest, WhatIsNotedIsKnownAfterARestart) {
  ledger_->setValue("state", "running");
  ledger_->markDone("a");
  ledger_->addTo("tags", 2);
  ledger_->addTo("tags", 3);
  ledger_->noteReferenced(digest_);
  EXPECT_FALSE(ledger_->blob(digest_)) << "referred to, but not looked at";
  ledger_->noteBlob(digest_, {true, 7});
  ledger_->noteReferenced(digest_);
  ledger_->noteNamed("group", "");
  ledger_->noteNamed("group", "");
  ledger_->noteNamed("other", "second");
  reopen();
  EXPECT_TRUE(ledger_->isNamed("group", ""));
  EXPECT_FALSE(ledger_->isNamed("group", "second"));
  EXPECT_TRUE(ledger_->isNamed("other", "second"));
  EXPECT_EQ(ledger_->value("state"), "running");
  EXPECT_EQ(ledger_->value("other"), "");
  EXPECT_TRUE(ledger_->isDone("a"));
  EXPECT_FALSE(ledger_->isDone("b"));
  EXPECT_EQ(ledger_->sums()["tags"], 5U);
  EXPECT_TRUE(ledger_->isReferenced(digest_));
  EXPECT_FALSE(ledger_->isReferenced({Digest::of("y")}));
  EXPECT_FALSE(ledger_->isReferenced({digest_.digest, "other"}));
  EXPECT_FALSE(ledger_->blob({digest_.digest, "other"}));
  ASSERT_TRUE(ledger_->blob(digest_));
  EXPECT_TRUE(ledger_->blob(digest_)->good);
  EXPECT_EQ(ledger_->blobTotals(), (std::pair<std::uint64_t, std::uint64_t>(1, 7)));
}

TEST_F(CheckLedgerTest, AFindingThatIsFoundAgainReplacesTheEarlierOneAndIsReadAgain) {
  ledger_->add({"one", "empty_blob", "left", 0, "first"});
  ledger_->add({"two", "orphan_blob", "left", 5, "second"});
  auto entries = ledger_->findings(0, 10);
  ASSERT_EQ(entries.size(), 2U);
  const auto last = entries.back().number;
  EXPECT_TRUE(ledger_->findings(last, 10).empty());
  ledger_->add({"one", "empty_blob", "deleted", 0, "first again"});
  entries = ledger_->findings(last, 10);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].text, "first again");
  EXPECT_EQ(ledger_->findings(0, 10).size(), 2U);
  EXPECT_EQ(ledger_->findings(0, 1).size(), 1U);
  const auto counts = ledger_->counts();
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[0].kind + counts[0].outcome, "empty_blobdeleted");
  EXPECT_EQ(counts[1].bytes, 5U);
  ledger_->forget("two");
  EXPECT_EQ(ledger_->counts().size(), 1U);
}

TEST_F(CheckLedgerTest, ANewOneIsEmpty) {
  ledger_->markDone("a");
  ledger_.reset();
  ledger_ = CheckLedger::create(path_);
  EXPECT_FALSE(ledger_->isDone("a"));
}

TEST_F(CheckLedgerTest, WhatCannotBeUsedIsNotOpened) {
  ledger_.reset();
  EXPECT_FALSE(CheckLedger::open(folder_.path() / "nothing"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "nothing"));
  for (const char* rubbish : {"", "this is no database, and was never one"}) {
    const auto path = folder_.path() / "rubbish";
    std::ofstream(path) << rubbish;
    EXPECT_FALSE(CheckLedger::open(path));
  }
}

}  // namespace
}  // namespace rha::index::test
