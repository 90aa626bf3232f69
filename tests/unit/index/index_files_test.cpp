// What open() makes of files that are missing, damaged, of another version or of another program.
#include "index/index_files.h"

#include <gtest/gtest.h>

#include <fstream>

#include "index/schema.h"
#include "index/sqlite_index.h"
#include "support/index_language.h"
#include "support/temporary_folder.h"

namespace rha::index::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class IndexFiles : public ::testing::Test {
 protected:
  OpenResult open() { return prepareFile(path_, 1s); }

  // Leaves an index with one repository, closed properly.
  void fill(const fs::path& path) {
    SqliteIndex index({.path = path});
    index.open();
    index.touchRepository(name("kept"), at(1));
  }
  static bool holdsRepository(const fs::path& path) {
    SqliteIndex index({.path = path});
    index.open();
    return index.hasRepository(name("kept"));
  }
  void setVersion(const fs::path& path, std::int64_t version) {
    Connection connection({.path = path});
    connection.execute(("PRAGMA user_version = " + std::to_string(version)).c_str());
  }
  void overwrite(const fs::path& path, std::streamoff offset, const std::string& bytes) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(offset);
    file << bytes;
  }
  // Where the first page of a table or index lies in the file.
  std::streamoff offsetOf(const std::string& table) {
    Connection connection({.path = path_});
    auto row = connection.query("SELECT rootpage FROM sqlite_schema WHERE name = ?", table);
    row.step();
    return (row.integer(0) - 1) * 4096;
  }
  std::vector<fs::path> damagedFiles() { return filesBeside(path_, ".corrupt-"); }

  rha::test::TemporaryFolder folder_;
  fs::path path_ = folder_.path() / "index.db";
};

TEST_F(IndexFiles, AMissingOneIsCreatedAndThenOpened) {
  auto result = open();
  EXPECT_EQ(result.outcome, OpenOutcome::Created);
  EXPECT_EQ(result.path, path_);
  EXPECT_TRUE(result.needsRebuild());
  result = open();
  EXPECT_EQ(result.outcome, OpenOutcome::Opened);
  EXPECT_FALSE(result.needsRebuild());
  EXPECT_EQ(result.detail, "");
}

TEST_F(IndexFiles, AnEmptyFileIsOneThatWasJustMade) {
  std::ofstream(path_).flush();
  EXPECT_EQ(open().outcome, OpenOutcome::Created);
}

TEST_F(IndexFiles, AProperlyClosedOneLeavesNoLog) {
  fill(path_);
  EXPECT_FALSE(fs::exists(withSuffix(path_, "-wal")));
  EXPECT_TRUE(holdsRepository(path_));
}

TEST_F(IndexFiles, SomethingElseThanAnIndexIsMovedAsideWholeAndReplaced) {
  const std::string garbage(5000, 'x');
  std::ofstream(path_) << garbage;
  const auto result = open();
  EXPECT_EQ(result.outcome, OpenOutcome::RecreatedDamaged);
  EXPECT_TRUE(result.needsRebuild());
  ASSERT_EQ(damagedFiles().size(), 1U);
  EXPECT_EQ(fs::file_size(damagedFiles().front()), garbage.size());
  EXPECT_NE(result.detail.find(damagedFiles().front().string()), std::string::npos) << result.detail;
  EXPECT_EQ(open().outcome, OpenOutcome::Opened);
}

TEST_F(IndexFiles, OnlyTheLastDamagedOneIsKept) {
  std::ofstream(withSuffix(path_, ".corrupt-2001-01-01T00:00:00Z")) << "old";
  std::ofstream(withSuffix(path_, ".corrupt-2001-01-01T00:00:00Z-wal")) << "old";
  std::ofstream(path_) << std::string(100, 'x');
  open();
  ASSERT_EQ(damagedFiles().size(), 1U);
  EXPECT_EQ(fs::file_size(damagedFiles().front()), 100U);
}

TEST_F(IndexFiles, OneWithoutATableIsDamaged) {
  fill(path_);
  {
    Connection connection({.path = path_});
    connection.execute("DROP TABLE tag_event");
  }
  EXPECT_EQ(open().outcome, OpenOutcome::RecreatedDamaged);
}

TEST_F(IndexFiles, ADamagedPageIsFoundAtOnceIfTheLastEndWasACrash) {
  fill(path_);
  overwrite(path_, offsetOf("tag_by_digest"), std::string(64, '\xee'));
  EXPECT_EQ(open().outcome, OpenOutcome::Opened) << "after a proper end only the head is looked at";
  // SQLite takes a log of nonsense for one that holds nothing.
  std::ofstream(withSuffix(path_, "-wal")) << "nonsense";
  EXPECT_EQ(open().outcome, OpenOutcome::RecreatedDamaged);
}

TEST_F(IndexFiles, OneOfAnOlderSchemaIsMadeAnew) {
  fill(path_);
  setVersion(path_, kSchemaVersion - 1);
  const auto result = open();
  EXPECT_EQ(result.outcome, OpenOutcome::RecreatedOlder);
  EXPECT_TRUE(damagedFiles().empty());
  EXPECT_FALSE(holdsRepository(path_));
}

TEST_F(IndexFiles, OneOfANewerSchemaIsLeftAloneAndAnotherUsedBesideIt) {
  fill(path_);
  setVersion(path_, kSchemaVersion + 1);
  const auto result = open();
  EXPECT_EQ(result.outcome, OpenOutcome::Created);
  EXPECT_EQ(result.path, withSuffix(path_, ".v" + std::to_string(kSchemaVersion)));
  EXPECT_NE(result.detail.find("left as it is"), std::string::npos);
  EXPECT_EQ(open().outcome, OpenOutcome::Opened);
  setVersion(path_, kSchemaVersion);
  EXPECT_TRUE(holdsRepository(path_)) << "it is as it was";
}

TEST_F(IndexFiles, TheFileOfAnotherProgramIsNotTouched) {
  {
    Connection connection({.path = path_});
    connection.execute("CREATE TABLE theirs (a)");
  }
  const auto before = fs::file_size(path_);
  EXPECT_THROW(open(), IndexError);
  EXPECT_EQ(fs::file_size(path_), before);
  EXPECT_TRUE(damagedFiles().empty());
}

TEST_F(IndexFiles, AMissingFolderIsAnErrorThatNamesTheFile) {
  try {
    prepareFile(folder_.path() / "missing" / "index.db", 1s);
    FAIL() << "there is no such folder";
  } catch (const IndexError& error) {
    EXPECT_FALSE(error.needsRebuild());
    EXPECT_NE(std::string(error.what()).find("missing/index.db"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace rha::index::test
