#include "base/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"

namespace rha::base {
namespace {

namespace fs = std::filesystem;

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "files-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::vector<std::string> entries() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  fs::path folder_;
};

template <typename Function>
std::string errorOf(Function function) {
  try {
    function();
  } catch (const IoError& error) {
    return error.what();
  }
  return "";
}

TEST_F(FilesTest, ReadsBackWhatItWrote) {
  for (const auto durability : {Durability::Durable, Durability::Relaxed}) {
    const std::string bytes(200000, 'x');
    writeFileAtomically(folder_ / "file", bytes, durability);
    EXPECT_EQ(readFile(folder_ / "file", bytes.size()), bytes);
    writeFileAtomically(folder_ / "file", "", durability);
    EXPECT_EQ(readFile(folder_ / "file", 0), "");
    EXPECT_EQ(entries(), std::vector<std::string>{"file"});
  }
}

TEST_F(FilesTest, TellsAMissingFileFromAnUnreadableOne) {
  EXPECT_FALSE(readFile(folder_ / "none", 10));
  EXPECT_THROW(readFile(folder_, 10), IoError);
}

TEST_F(FilesTest, RefusesToReadMoreThanAllowed) {
  writeFileAtomically(folder_ / "file", "12345", Durability::Relaxed);
  EXPECT_EQ(readFile(folder_ / "file", 5), "12345");
  EXPECT_THROW(readFile(folder_ / "file", 4), std::length_error);
}

TEST_F(FilesTest, GivesTheFileTheModeWhateverTheUmask) {
  const auto old = ::umask(077);
  writeFileAtomically(folder_ / "open", "", Durability::Relaxed);
  ::umask(0);
  writeFileAtomically(folder_ / "closed", "", Durability::Relaxed, 0600);
  ::umask(old);
  EXPECT_EQ(fs::status(folder_ / "open").permissions(), static_cast<fs::perms>(0644));
  EXPECT_EQ(fs::status(folder_ / "closed").permissions(), static_cast<fs::perms>(0600));
}

TEST_F(FilesTest, LeavesNoTemporaryFileBehindAFailure) {
  fs::create_directory(folder_ / "taken");
  const std::string error = errorOf([&] { writeFileAtomically(folder_ / "taken", "bytes", Durability::Durable); });
  EXPECT_NE(error.find("cannot rename"), std::string::npos) << error;
  EXPECT_NE(error.find((folder_ / "taken").string()), std::string::npos) << error;
  EXPECT_EQ(entries(), std::vector<std::string>{"taken"});
}

TEST_F(FilesTest, SaysWhichFileItCouldNotCreate) {
  const std::string error =
      errorOf([&] { writeFileAtomically(folder_ / "none" / "file", "bytes", Durability::Relaxed); });
  EXPECT_NE(error.find("cannot create " + (folder_ / "none").string()), std::string::npos) << error;
  EXPECT_NE(error.find("No such file or directory"), std::string::npos) << error;
}

TEST_F(FilesTest, ShowsReadersTheOldOrTheNewBytesOnly) {
  const std::vector<std::string> versions = {std::string(50000, 'a'), std::string(90000, 'b')};
  writeFileAtomically(folder_ / "file", versions[0], Durability::Relaxed);
  std::vector<std::thread> writers;
  for (int i = 0; i < 3; ++i) {
    writers.emplace_back([&] {
      for (int n = 0; n < 50; ++n) {
        writeFileAtomically(folder_ / "file", versions[static_cast<std::size_t>(n % 2)], Durability::Relaxed);
      }
    });
  }
  for (int n = 0; n < 100; ++n) {
    const auto seen = readFile(folder_ / "file", 1 << 20);
    EXPECT_TRUE(seen == versions[0] || seen == versions[1]);
  }
  for (auto& writer : writers) {
    writer.join();
  }
  EXPECT_EQ(entries(), std::vector<std::string>{"file"});
}

TEST_F(FilesTest, CreatesFoldersAndTheirParents) {
  for (const auto durability : {Durability::Durable, Durability::Relaxed}) {
    const fs::path top = folder_ / (durability == Durability::Durable ? "d" : "r");
    createFolders(top / "b/c", durability);
    createFolders(top / "b/c/", durability);
    createFolders(top / "b/x/", durability);
    EXPECT_TRUE(fs::is_directory(top / "b/c"));
    EXPECT_TRUE(fs::is_directory(top / "b/x"));
  }
  createFolders(".", Durability::Durable);
  createFolders("/", Durability::Durable);
}

TEST_F(FilesTest, CreatesFoldersBelowTheWorkingFolder) {
  const fs::path old = fs::current_path();
  fs::current_path(folder_);
  createFolders("one/two", Durability::Durable);
  writeFileAtomically("plain", "x", Durability::Durable);
  fs::current_path(old);
  EXPECT_TRUE(fs::is_directory(folder_ / "one/two"));
  EXPECT_EQ(readFile(folder_ / "plain", 1), "x");
}

TEST_F(FilesTest, RefusesToCreateAFolderWhereAFileStands) {
  writeFileAtomically(folder_ / "file", "", Durability::Relaxed);
  for (const char* name : {"file", "file/below"}) {
    const std::string error = errorOf([&] { createFolders(folder_ / name, Durability::Durable); });
    EXPECT_NE(error.find("cannot create the folder"), std::string::npos) << error;
  }
}

TEST_F(FilesTest, SyncsFoldersOnly) {
  syncFolder(folder_);
  EXPECT_THROW(syncFolder(folder_ / "none"), IoError);
}

}  // namespace
}  // namespace rha::base
