// Failing disks and wrong permissions. A full disk is a small tmpfs, which only root can mount: skipped otherwise.
#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "storage/filesystem_driver.h"
#include "support/temporary_folder.h"

namespace rha::storage {
namespace {

constexpr unsigned kNobody = 65534;
constexpr std::size_t kDiskBytes = 1U << 20U;

template <typename Call>
StorageError errorOf(Call&& call) {
  try {
    call();
  } catch (const StorageError& error) {
    return error;
  }
  throw std::logic_error("no StorageError");
}

// A file system of 1 MiB.
class FullDiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 ||
        ::mount("tmpfs", folder_.path().c_str(), "tmpfs", MS_NODEV | MS_NOSUID, "size=1m,mode=0755") != 0) {
      GTEST_SKIP() << "needs root and mount(2) for a small tmpfs: a full disk is not tested";
    }
    mounted_ = true;
    driver_ = std::make_unique<FilesystemDriver>(FilesystemSettings{folder_.path()});
    driver_->open();
  }
  void TearDown() override {
    driver_.reset();
    if (mounted_) {
      EXPECT_EQ(::umount2(folder_.path().c_str(), MNT_DETACH), 0);
    }
  }

  test::TemporaryFolder folder_;
  bool mounted_ = false;
  std::unique_ptr<FilesystemDriver> driver_;
};

TEST_F(FullDiskTest, APutThatDoesNotFitIsNoSpaceAndChangesNothing) {
  driver_->put("a", "old", Durability::Durable);
  const std::string large(2 * kDiskBytes, 'x');
  const StorageError error = errorOf([&] { driver_->put("a", large, Durability::Durable); });
  EXPECT_EQ(error.failure(), StorageFailure::NoSpace);
  EXPECT_NE(std::string(error.what()).find("No space left on device; free space"), std::string::npos) << error.what();
  EXPECT_EQ(driver_->get("a", 100), "old");
  driver_->put("b", std::string(kDiskBytes / 2, 'y'), Durability::Durable);  // the space came back
}

TEST_F(FullDiskTest, AnUploadThatDoesNotFitIsNoSpaceAndCancelGivesTheSpaceBack) {
  const std::vector<std::byte> piece(kDiskBytes / 2);
  const auto session = driver_->startUpload("_uploads/1");
  session->append(piece);
  session->flush();
  const std::string state = session->state();
  const StorageError error = errorOf([&] {
    session->append(piece);
    session->append(piece);
  });
  EXPECT_EQ(error.failure(), StorageFailure::NoSpace);
  session->cancel();
  EXPECT_FALSE(driver_->resumeUpload("_uploads/1", state));
  const auto again = driver_->startUpload("_uploads/2");
  again->append(piece);
  again->commit("blob/data");
  EXPECT_EQ(driver_->stat("blob/data")->size, piece.size());
}

TEST_F(FullDiskTest, TheLastFlushedStateStaysGoodAfterTheDiskWasFull) {
  const std::vector<std::byte> piece(kDiskBytes / 4);
  driver_->put("other", std::string(kDiskBytes / 2, 'x'), Durability::Relaxed);
  std::string state;
  {
    const auto session = driver_->startUpload("_uploads/1");
    session->append(piece);
    session->flush();
    state = session->state();
    errorOf([&] {
      session->append(piece);
      session->append(piece);
    });
  }
  driver_->remove("other");
  const auto session = driver_->resumeUpload("_uploads/1", state);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->size(), piece.size());
  session->append(piece);
  session->commit("blob/data");
  EXPECT_EQ(driver_->stat("blob/data")->size, 2 * piece.size());
}

TEST_F(FullDiskTest, ADiskMountedReadOnlyCanStillBeReadAndSaysSo) {
  driver_->put("a", "x", Durability::Durable);
  driver_.reset();  // nobody may have a file open for writing when it is mounted anew
  ASSERT_EQ(::mount("tmpfs", folder_.path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m"), 0);
  FilesystemDriver readOnly({folder_.path()});
  readOnly.open();
  EXPECT_EQ(readOnly.get("a", 10), "x");
  const StorageError error = errorOf([&] { readOnly.put("a", "y", Durability::Durable); });
  EXPECT_EQ(error.failure(), StorageFailure::Broken);
  EXPECT_NE(std::string(error.what()).find("read-only"), std::string::npos) << error.what();
  EXPECT_EQ(readOnly.changes(), nullptr) << "what nobody counts the changes of must not be cached";
}

TEST(FilesystemPermissions, AFolderOfAnotherOwnerIsBrokenWithAdvice) {
  const test::TemporaryFolder folder;
  FilesystemDriver driver({folder.path()});
  driver.open();
  driver.put("a/b", "x", Durability::Relaxed);
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod((folder.path() / "a").c_str(), 0), 0);
  // As root, on a thread that is nobody to the file system: setfsuid(2) is a matter of the thread.
  std::jthread([&] {
    if (::geteuid() == 0) {
      ::setfsuid(kNobody);
    }
    for (const auto& error : {errorOf([&] { driver.get("a/b", 10); }), errorOf([&] { driver.stat("a/b"); }),
                              errorOf([&] { driver.put("a/c", "x", Durability::Relaxed); }),
                              errorOf([&] { driver.list("a", [](const ListEntry&) { return true; }); })}) {
      EXPECT_EQ(error.failure(), StorageFailure::Broken);
      const std::string text = error.what();
      EXPECT_NE(text.find("Permission denied; the storage folder and all below it must belong"), std::string::npos)
          << text;
      EXPECT_NE(text.find(folder.path().string()), std::string::npos) << text;
    }
  }).join();
  ASSERT_EQ(::chmod((folder.path() / "a").c_str(), 0755), 0);
}

}  // namespace
}  // namespace rha::storage
