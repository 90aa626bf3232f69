#include "storage/filesystem_upload.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include "storage/filesystem_driver.h"
#include "support/temporary_folder.h"

namespace rha::storage {
namespace {

namespace fs = std::filesystem;

class FilesystemUploadTest : public ::testing::Test {
 protected:
  void SetUp() override { driver_.open(); }

  [[nodiscard]] fs::path at(std::string_view path) const { return folder_.path() / path; }
  static void append(UploadSession& session, std::string_view bytes) {
    session.append(std::as_bytes(std::span(bytes)));
  }
  // Uploads `bytes` and lets the session go. Returns the state.
  std::string begin(std::string_view bytes) {
    const auto session = driver_.startUpload("_uploads/1");
    append(*session, bytes);
    session->flush();
    return session->state();
  }

  test::TemporaryFolder folder_;
  FilesystemDriver driver_{{folder_.path()}};
};

TEST_F(FilesystemUploadTest, TheBytesAreInOneFileAsThe28LayoutHasIt) {
  const auto session = driver_.startUpload("_uploads/1");
  append(*session, "bytes");
  EXPECT_EQ(driver_.get("_uploads/1/data", 100), "bytes");
  session->commit("blob/data");
  EXPECT_FALSE(fs::exists(at("_uploads/1")));
  EXPECT_TRUE(fs::exists(at("_uploads")));
}

TEST_F(FilesystemUploadTest, CommitRenamesTheFileInsteadOfCopyingIt) {
  const auto session = driver_.startUpload("_uploads/1");
  append(*session, "bytes");
  struct stat before {};
  struct stat after {};
  ASSERT_EQ(::stat(at("_uploads/1/data").c_str(), &before), 0);
  session->commit("blob/data");
  ASSERT_EQ(::stat(at("blob/data").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(FilesystemUploadTest, DataShorterThanTheStateAreNotResumed) {
  const std::string state = begin("0123456789");
  fs::resize_file(at("_uploads/1/data"), 9);
  EXPECT_FALSE(driver_.resumeUpload("_uploads/1", state));
}

TEST_F(FilesystemUploadTest, AStateOfAnotherBootIsNotResumed) {
  std::string state = begin("bytes");
  EXPECT_TRUE(driver_.resumeUpload("_uploads/1", state));
  state.back() = state.back() == '0' ? '1' : '0';
  EXPECT_FALSE(driver_.resumeUpload("_uploads/1", state));
}

// As the service's unit names it. Restored at the end, since the tests of a run share the environment.
class NamedBoot {
 public:
  explicit NamedBoot(const char* name) { ::setenv("REGISTRYD_BOOT", name, 1); }
  ~NamedBoot() { ::unsetenv("REGISTRYD_BOOT"); }
  NamedBoot(const NamedBoot&) = delete;
  NamedBoot& operator=(const NamedBoot&) = delete;
};

TEST_F(FilesystemUploadTest, TheNextProcessOfABootGoesOnWithAnUploadAndOneOfAnotherBootDoesNot) {
  std::string state;
  {
    const NamedBoot boot("one");
    FilesystemDriver before{{folder_.path()}};
    before.open();
    const auto session = before.startUpload("_uploads/2");
    append(*session, "bytes");
    state = session->state();
  }
  for (const auto& [name, goesOn] : {std::pair{"one", true}, std::pair{"another", false}}) {
    const NamedBoot boot(name);
    FilesystemDriver after{{folder_.path()}};
    after.open();
    EXPECT_EQ(after.resumeUpload("_uploads/2", state) != nullptr, goesOn) << name;
  }
}

TEST_F(FilesystemUploadTest, AnUploadThatIsBeingWrittenIsNotResumedAtTheSameTime) {
  const auto session = driver_.startUpload("_uploads/1");
  append(*session, "bytes");
  session->flush();
  const std::string state = session->state();
  try {
    driver_.resumeUpload("_uploads/1", state);
    ADD_FAILURE() << "two sessions have the upload";
  } catch (const StorageError& error) {
    EXPECT_EQ(error.failure(), StorageFailure::Unavailable);
  }
  append(*session, " more");
  session->commit("blob/data");
  EXPECT_EQ(driver_.get("blob/data", 100), "bytes more");
}

TEST_F(FilesystemUploadTest, ResumingWaitsAMomentForADyingSession) {
  auto session = driver_.startUpload("_uploads/1");
  const std::string state = session->state();
  auto resumed = std::async(std::launch::async, [&] { return driver_.resumeUpload("_uploads/1", state); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  session.reset();
  EXPECT_TRUE(resumed.get());
}

// The resumer has the file open when it is renamed into place: it must not cut the published blob.
TEST_F(FilesystemUploadTest, ResumingWhileTheUploadIsPublishedLeavesTheBlobAlone) {
  const auto session = driver_.startUpload("_uploads/1");
  const std::string state = session->state();
  append(*session, "bytes");
  session->flush();
  auto resumed = std::async(std::launch::async, [&] { return driver_.resumeUpload("_uploads/1", state); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  session->commit("blob/data");
  EXPECT_FALSE(resumed.get());
  EXPECT_EQ(driver_.get("blob/data", 100), "bytes");
}

TEST_F(FilesystemUploadTest, AnUploadThatExistsIsNotStartedAgain) {
  begin("bytes");
  EXPECT_THROW(driver_.startUpload("_uploads/1"), StorageError);
  EXPECT_EQ(driver_.get("_uploads/1/data", 100), "bytes");
}

TEST_F(FilesystemUploadTest, WithoutDroppedBytesNothingIsNoted) {
  const std::string state = begin("bytes");
  driver_.resumeUpload("_uploads/1", state).reset();
  EXPECT_FALSE(fs::exists(at("_uploads/1/truncations")));
}

TEST_F(FilesystemUploadTest, ADamagedListOfTruncationsEndsTheUpload) {
  const std::string state = begin("bytes");
  for (const char* damaged : {"12", "x\n", "1\n-5\n"}) {
    std::ofstream(at("_uploads/1/truncations")) << damaged;
    EXPECT_FALSE(driver_.resumeUpload("_uploads/1", state)) << damaged;
  }
}

TEST_F(FilesystemUploadTest, AStateOfMoreTruncationsThanThereWereIsNotResumed) {
  std::string state = begin("bytes");
  const std::size_t at = state.find(" 0 ");
  ASSERT_NE(at, std::string::npos);
  EXPECT_FALSE(driver_.resumeUpload("_uploads/1", state.replace(at, 3, " 1 ")));
}

TEST_F(FilesystemUploadTest, CancelRemovesWhatTheOldRegistryKeptThere) {
  for (const char* name : {"_uploads/1/startedat", "_uploads/1/hashstates/sha256/0"}) {
    driver_.put(name, "x", Durability::Relaxed);
  }
  driver_.startUpload("_uploads/1")->cancel();
  EXPECT_FALSE(fs::exists(at("_uploads/1")));
}

}  // namespace
}  // namespace rha::storage
