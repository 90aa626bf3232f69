#include "apps/registryd/housekeeper.h"

#include <gtest/gtest.h>

#include <thread>

#include "support/temporary_folder.h"

namespace rha::registryd {
namespace {

using namespace std::chrono_literals;

oci::RepositoryName repository(const std::string& name) { return oci::RepositoryName::parse(name).value(); }

// A registry on a folder, opened as the daemon does; again() is its next start.
class HousekeeperTest : public testing::Test {
 protected:
  HousekeeperTest() {
    settings_.storage.filesystem.root = folder_.path() / "storage";
    settings_.index.path = folder_.path() / "state" / "index.sqlite";
    again();
  }

  void again() {
    house_.reset();
    parts_.reset();
    parts_ = openRegistry(settings_, clock_, logger_, metrics_);
    house_ = std::make_unique<Housekeeper>(*parts_, 1h, logger_, metrics_, conditions_);
  }

  void runUntilIndexed() {
    house_->start();
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (std::chrono::steady_clock::now() < deadline) {
      try {
        return house_->lists().pass();
      } catch (const index::IndexError&) {
        std::this_thread::sleep_for(1ms);
      }
    }
    FAIL() << "the index was not seen to";
  }

  void pushBlob(const std::string& name) {
    const std::string bytes = "layer";
    auto writer = parts_->uploads.startWriting(repository(name), {}, base::HashAlgorithm::Sha256);
    ASSERT_TRUE(writer->append(std::as_bytes(std::span(bytes))).ok());
    ASSERT_TRUE(writer->finish(oci::Digest::of(bytes, base::HashAlgorithm::Sha256)).ok());
  }

  storage::StorageDriver& storage() { return parts_->storages->all().main(); }

  std::string repositories() {
    std::string names;
    for (const auto& row : parts_->index->repositories({"", 100}, {})) {
      names += row.name.text() + " ";
    }
    return names;
  }

  void removeIndex() {
    house_.reset();
    parts_.reset();
    std::filesystem::remove_all(folder_.path() / "state");
  }

  test::TemporaryFolder folder_;
  HousekeepingConditions conditions_;
  config::StartupSettings settings_;
  base::SystemClock clock_;
  base::Logger logger_{{.level = base::LogLevel::Error}};
  base::MetricsRegistry metrics_;
  std::unique_ptr<RegistryParts> parts_;
  std::unique_ptr<Housekeeper> house_;
};

TEST_F(HousekeeperTest, makes_the_index_of_a_new_registry_at_once) {
  EXPECT_EQ(parts_->index->state(), index::IndexState::Building);
  runUntilIndexed();
  EXPECT_EQ(parts_->index->state(), index::IndexState::Complete);
  EXPECT_EQ(house_->indexText(), "complete");
}

TEST_F(HousekeeperTest, makes_a_lost_index_again_from_the_storage) {
  runUntilIndexed();
  pushBlob("team/app");
  removeIndex();
  again();
  runUntilIndexed();
  EXPECT_EQ(repositories(), "team/app ");
  EXPECT_NE(metrics_.render().find("registry_ha_index_complete 1\n"), std::string::npos);
}

TEST_F(HousekeeperTest, keeps_an_index_that_is_whole) {
  runUntilIndexed();
  pushBlob("team/app");
  again();
  EXPECT_EQ(parts_->index->state(), index::IndexState::Complete);
  EXPECT_EQ(repositories(), "team/app ");
}

TEST_F(HousekeeperTest, throws_away_the_index_of_another_storage) {
  runUntilIndexed();
  pushBlob("team/app");
  settings_.storage.filesystem.root = folder_.path() / "other";
  again();
  EXPECT_EQ(parts_->index->state(), index::IndexState::Building);
  runUntilIndexed();
  EXPECT_EQ(repositories(), "");
}

TEST_F(HousekeeperTest, reads_a_repository_again_that_the_index_has_wrong) {
  runUntilIndexed();
  pushBlob("team/app");
  parts_->index->removeRepository(repository("team/app"));
  parts_->index->markDirty(repository("team/app"));
  again();
  runUntilIndexed();
  EXPECT_EQ(repositories(), "team/app ");
  EXPECT_TRUE(parts_->index->dirtyRepositories().empty());
}

TEST_F(HousekeeperTest, stops_at_once_and_more_than_once) {
  house_->start();
  house_->stop();
  house_->stop();
}

TEST_F(HousekeeperTest, packs_old_records_of_the_journal_unless_nothing_may_be_written) {
  const auto records = [this] { return registry::Journal::listedNumbers(storage(), parts_->journal.writer()); };
  const auto append = [this](int count) {
    for (int i = 0; i < count; ++i) {
      parts_->journal.append({registry::JournalRecord::Action::Untag, clock_.now(), "a/b", "v1", {}, "ci", {}});
    }
  };
  conditions_.journalPackedAfter = 0s;
  bool mayWrite = false;
  conditions_.mayWrite = [&mayWrite] { return mayWrite; };
  again();
  append(3);
  runUntilIndexed();
  house_->stop();
  EXPECT_EQ(records()[0].size(), 3U);

  const std::string writer = parts_->journal.writer();
  mayWrite = true;
  again();
  house_->start();
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!registry::Journal::listedNumbers(storage(), writer)[0].empty()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(registry::readJournalPack(storage(), writer, 0).entries.size(), 3U);
}

}  // namespace
}  // namespace rha::registryd
