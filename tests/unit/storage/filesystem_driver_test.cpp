#include "storage/filesystem_driver.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <set>
#include <string>

#include "support/temporary_folder.h"

namespace rha::storage {
namespace {

namespace fs = std::filesystem;

class FilesystemDriverTest : public ::testing::Test {
 protected:
  void SetUp() override { driver_.open(); }

  [[nodiscard]] fs::path at(std::string_view path) const { return folder_.path() / path; }
  void write(std::string_view path, std::string_view bytes) const {
    fs::create_directories(at(path).parent_path());
    std::ofstream(at(path), std::ios::binary) << bytes;
  }
  std::set<std::string> namesIn(std::string_view path) {
    std::set<std::string> names;
    driver_.list(path, [&](const ListEntry& entry) { return names.insert(entry.name).second; });
    return names;
  }
  // what() of the StorageError that `call` throws.
  template <typename Call>
  static std::string errorOf(Call&& call) {
    try {
      call();
    } catch (const StorageError& error) {
      return error.what();
    }
    return "(no error)";
  }

  test::TemporaryFolder folder_;
  FilesystemDriver driver_{{folder_.path()}};
};

TEST_F(FilesystemDriverTest, AnObjectIsAFileOfThatPath) {
  const mode_t before = ::umask(022);
  driver_.put("docker/registry/v2/a/link", "x", Durability::Durable);
  ::umask(before);
  EXPECT_TRUE(fs::is_regular_file(at("docker/registry/v2/a/link")));
  EXPECT_EQ(fs::status(at("docker/registry/v2/a/link")).permissions(), fs::perms(0644));
  EXPECT_EQ(fs::status(at("docker/registry/v2/a")).permissions(), fs::perms(0755));
  EXPECT_EQ(driver_.name(), "filesystem");
  EXPECT_FALSE(driver_.traits().shared);
  EXPECT_TRUE(driver_.traits().cheapSmallWrites);
}

TEST_F(FilesystemDriverTest, AMissingRootIsCreated) {
  FilesystemDriver driver({folder_.path() / "new/root"});
  driver.open();
  driver.check();
  EXPECT_TRUE(fs::is_directory(folder_.path() / "new/root"));
}

TEST_F(FilesystemDriverTest, ARootThatIsNoFolderIsRefusedByName) {
  write("file", "x");
  for (const auto& root : {at("file"), at("file/below")}) {
    FilesystemDriver driver({root});
    const std::string error = errorOf([&] { driver.open(); });
    EXPECT_NE(error.find(root.string()), std::string::npos) << error;
    EXPECT_NE(error.find("move it aside"), std::string::npos) << error;
  }
}

TEST_F(FilesystemDriverTest, PutLeavesNoTemporaryFile) {
  driver_.put("a", "x", Durability::Durable);
  EXPECT_TRUE(fs::is_empty(at(FilesystemRoot::kTemporaryFolder)));
  fs::create_directories(at("b/in-the-way"));
  EXPECT_EQ(errorOf([&] { driver_.put("b", "x", Durability::Durable); }).substr(0, 18), "filesystem: cannot");
  EXPECT_TRUE(fs::is_empty(at(FilesystemRoot::kTemporaryFolder)));
}

TEST_F(FilesystemDriverTest, TheTemporaryFolderIsNotShownAndNotReached) {
  write("docker/registry-ha/tmp/1-1", "half");
  write("docker/registry-ha/identity", "x");
  EXPECT_EQ(namesIn("docker/registry-ha"), (std::set<std::string>{"identity"}));
  EXPECT_THROW(driver_.get("docker/registry-ha/tmp/1-1", 10), std::logic_error);
  EXPECT_THROW(driver_.list("docker/registry-ha/tmp", [](const ListEntry&) { return true; }), std::logic_error);
  EXPECT_THROW(driver_.put("docker/registry-ha/tmp/x", "x", Durability::Relaxed), std::logic_error);
}

TEST_F(FilesystemDriverTest, OpeningRemovesOldTemporaryFilesAndKeepsYoungOnes) {
  write("docker/registry-ha/tmp/old", "half");
  write("docker/registry-ha/tmp/young", "half");
  fs::last_write_time(at("docker/registry-ha/tmp/old"), fs::file_time_type::clock::now() - std::chrono::hours(2));
  FilesystemDriver driver({folder_.path()});
  driver.open();
  EXPECT_FALSE(fs::exists(at("docker/registry-ha/tmp/old")));
  EXPECT_TRUE(fs::exists(at("docker/registry-ha/tmp/young")));
}

TEST_F(FilesystemDriverTest, TakenTemporaryNamesAreSkipped) {
  for (int i = 0; i < 3; ++i) {
    write("docker/registry-ha/tmp/" + std::to_string(::getpid()) + '-' + std::to_string(i), "of another process");
  }
  driver_.put("a", "x", Durability::Durable);
  EXPECT_EQ(driver_.get("a", 10), "x");
}

TEST_F(FilesystemDriverTest, ASourceIsAFileRangeForSendfile) {
  driver_.put("a", "0123456789", Durability::Relaxed);
  const auto source = driver_.open("a", ByteRange{3, 4});
  const auto range = source->file();
  ASSERT_TRUE(range);
  EXPECT_EQ(range->offset, 3U);
  EXPECT_EQ(range->length, 4U);
  const base::Fd target(::open(folder_.path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  ASSERT_TRUE(target.valid());
  auto offset = static_cast<off_t>(range->offset);
  ASSERT_EQ(::sendfile(target.get(), range->descriptor, &offset, range->length), 4);
  std::string found(4, '\0');
  ASSERT_EQ(::pread(target.get(), found.data(), 4, 0), 4);
  EXPECT_EQ(found, "3456");
}

TEST_F(FilesystemDriverTest, AnObjectCutWhileItIsReadIsCorruptNotShort) {
  driver_.put("a", "0123456789", Durability::Relaxed);
  const auto source = driver_.open("a", std::nullopt);
  fs::resize_file(at("a"), 5);
  EXPECT_NE(errorOf([&] { base::readAll(*source, 100); }).find("became shorter"), std::string::npos);
}

TEST_F(FilesystemDriverTest, LinksAreReadButNotFollowedWhenRemoving) {
  write("elsewhere/keep", "kept");
  write("docker/a/plain", "x");
  fs::create_symlink(at("elsewhere/keep"), at("docker/a/file-link"));
  fs::create_directory_symlink(at("elsewhere"), at("docker/a/folder-link"));
  fs::create_symlink(at("nowhere"), at("docker/a/dangling"));
  EXPECT_EQ(driver_.get("docker/a/file-link", 10), "kept");
  EXPECT_EQ(namesIn("docker/a"), (std::set<std::string>{"file-link", "folder-link", "plain"}));
  EXPECT_EQ(driver_.removeTree("docker/a"), 4U);
  EXPECT_EQ(driver_.get("elsewhere/keep", 10), "kept");
}

TEST_F(FilesystemDriverTest, WhatIsNeitherFileNorFolderIsNoObject) {
  write("a/plain", "x");
  ASSERT_EQ(::mkfifo(at("a/fifo").c_str(), 0600), 0);
  EXPECT_EQ(driver_.get("a/fifo", 10), std::nullopt);
  EXPECT_EQ(driver_.open("a/fifo", std::nullopt), nullptr);
  EXPECT_FALSE(driver_.stat("a/fifo"));
  EXPECT_EQ(namesIn("a"), (std::set<std::string>{"plain"}));
}

TEST_F(FilesystemDriverTest, NamesTooLongForAFileSystemAreNotThereAndCannotBePut) {
  const std::string name = "a/" + std::string(300, 'n');
  EXPECT_EQ(driver_.get(name, 10), std::nullopt);
  EXPECT_FALSE(driver_.remove(name));
  EXPECT_NE(errorOf([&] { driver_.put(name, "x", Durability::Relaxed); }).find("too long"), std::string::npos);
}

TEST_F(FilesystemDriverTest, AnObjectInTheWayOfAFolderIsToldByName) {
  driver_.put("a", "x", Durability::Relaxed);
  const std::string error = errorOf([&] { driver_.put("a/b/c", "x", Durability::Relaxed); });
  EXPECT_NE(error.find("a/b/c"), std::string::npos) << error;
  EXPECT_NE(error.find("in the way"), std::string::npos) << error;
}

TEST_F(FilesystemDriverTest, ARootRemovedUnderTheDriverIsAnErrorNotAHang) {
  driver_.put("a/b/c/d/e/f/g/h", "x", Durability::Durable);
  fs::remove_all(folder_.path());
  EXPECT_EQ(driver_.get("a/b/c/d/e/f/g/h", 10), std::nullopt);
  EXPECT_NE(errorOf([&] { driver_.put("a/b/c/d/e/f/g/h", "x", Durability::Durable); }).find("No such file"),
            std::string::npos);
  EXPECT_THROW(driver_.check(), StorageError);
}

}  // namespace
}  // namespace rha::storage
