#include "registry/process_locks.h"

#include <gtest/gtest.h>

#include <future>

#include "registry/keyed_mutex.h"
#include "registry/upload_slots.h"
#include "storage/storage_error.h"
#include "support/temporary_folder.h"

namespace rha::registry {
namespace {

using namespace std::chrono_literals;

// Two objects with one file are as two processes: the locks belong to the open file.
class ProcessLocksTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  ProcessLocks here_{folder_.path() / "turns"};
  ProcessLocks there_{folder_.path() / "turns"};
};

TEST_F(ProcessLocksTest, APlaceHasOneHolderAndOthersAreFree) {
  {
    const auto held = here_.wait(7);
    EXPECT_TRUE(there_.heldElsewhere(7));
    EXPECT_FALSE(there_.heldElsewhere(8));
    EXPECT_FALSE(there_.waitFor(7, 0ms));
    EXPECT_TRUE(there_.waitFor(8, 0ms));
  }
  EXPECT_FALSE(there_.heldElsewhere(7));
  EXPECT_TRUE(there_.waitFor(7, 0ms));
}

TEST_F(ProcessLocksTest, PlacesOfTextsAreTheSameInEveryVersion) {
  EXPECT_EQ(ProcessLocks::placeOf(""), 4096U + (14695981039346656037U >> 2U));
  EXPECT_EQ(ProcessLocks::placeOf("a"), 4096U + (0xaf63dc4c8601ec8cU >> 2U));
  EXPECT_NE(ProcessLocks::placeOf("a/b"), ProcessLocks::placeOf("a/c"));
}

TEST_F(ProcessLocksTest, ARepositoryIsWrittenToByOneProcessAtATime) {
  KeyedMutex here(&here_);
  KeyedMutex there(&there_);
  std::promise<void> done;
  std::future<void> written = done.get_future();
  std::thread other;
  {
    const auto turn = here.lock("a/b");
    other = std::thread([&] {
      const auto its = there.lock("a/b");
      done.set_value();
    });
    EXPECT_EQ(written.wait_for(50ms), std::future_status::timeout);
  }
  EXPECT_EQ(written.wait_for(10s), std::future_status::ready);
  other.join();
}

TEST_F(ProcessLocksTest, AnUploadHasOneWriterAmongTheProcesses) {
  UploadSlots here(&here_);
  UploadSlots there(&there_);
  {
    const auto first = here.take("upload-1");
    EXPECT_TRUE(there.held("upload-1"));
    EXPECT_THROW(there.take("upload-1"), storage::StorageError);
    EXPECT_EQ(there.active(), 0U);
    const auto second = here.take("upload-1");  // in the same process the later one has it
    EXPECT_FALSE(first.enter());
    EXPECT_TRUE(second.enter());
  }
  EXPECT_FALSE(there.held("upload-1"));
  EXPECT_TRUE(there.take("upload-1").enter());
  EXPECT_TRUE(here.take("upload-1").enter());
}

}  // namespace
}  // namespace rha::registry
