#include "index/dirty_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "index/file_lock.h"
#include "index/index.h"
#include "support/temporary_folder.h"

namespace rha::index::test {
namespace {

using namespace std::chrono_literals;

class DirtyFileTest : public ::testing::Test {
 protected:
  void write(const std::string& contents) { std::ofstream(path_, std::ios::binary) << contents; }

  rha::test::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "index.db.dirty";
  DirtyFile file_{path_, 2s};
};

TEST_F(DirtyFileTest, ALineCutShortByACrashDoesNotCountAndSpoilsNoOther) {
  write("+a\n+b\n-a\n+cut-sh");
  EXPECT_EQ(file_.names(), (std::set<std::string>{"b"}));
  file_.add("c");
  EXPECT_TRUE(file_.names().contains("b"));
  EXPECT_TRUE(file_.names().contains("c"));
}

TEST_F(DirtyFileTest, IsEmptyAgainWhenNothingIsMarked) {
  file_.reserve();
  file_.add("a");
  file_.add("b");
  file_.remove("a");
  EXPECT_GT(std::filesystem::file_size(path_), 0U);
  file_.remove("b");
  EXPECT_EQ(std::filesystem::file_size(path_), 0U);
}

TEST_F(DirtyFileTest, IsRewrittenWhenItHasGrownOutOfProportion) {
  std::string contents = "+keep\n";
  while (contents.size() < 2U * 1024 * 1024) {
    contents += "+some/repository\n-some/repository\n";
  }
  write(contents + "+last\n");
  file_.remove("last");
  EXPECT_LT(std::filesystem::file_size(path_), 100U);
  EXPECT_EQ(file_.names(), (std::set<std::string>{"keep"}));
}

TEST_F(DirtyFileTest, AnotherObjectSeesTheMarks) {
  const DirtyFile other(path_, 2s);
  file_.add("a");
  other.add("b");
  other.remove("a");
  EXPECT_EQ(file_.names(), (std::set<std::string>{"b"}));
}

TEST_F(DirtyFileTest, AFileThatStaysLockedIsAnErrorThatNamesIt) {
  const FileLock lock(path_, 1s);
  const DirtyFile impatient(path_, 20ms);
  try {
    impatient.add("a");
    FAIL() << "it is locked";
  } catch (const IndexError& error) {
    EXPECT_NE(std::string(error.what()).find(path_.string()), std::string::npos) << error.what();
  }
}

TEST_F(DirtyFileTest, AMissingFolderIsAnErrorThatNamesTheFile) {
  const DirtyFile lost(folder_.path() / "missing" / "dirty", 1s);
  EXPECT_THROW(lost.reserve(), IndexError);
  EXPECT_THROW(lost.add("a"), IndexError);
}

}  // namespace
}  // namespace rha::index::test
