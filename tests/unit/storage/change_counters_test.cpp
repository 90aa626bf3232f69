#include "storage/change_counters.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <new>

#include "storage/filesystem_driver.h"
#include "storage/memory_driver.h"
#include "support/temporary_folder.h"

namespace rha::storage {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPath = "docker/registry/v2/repositories/a/link";

TEST(ChangeCountersTest, WhatWasReadStandsUntilAChangeBegins) {
  ChangeCounters counters;
  const auto stamp = counters.quiet(kPath);
  ASSERT_TRUE(stamp);
  EXPECT_TRUE(ChangeCounters::stands(*stamp));
  {
    const auto change = counters.begin(kPath);
    EXPECT_FALSE(ChangeCounters::stands(*stamp));
    EXPECT_FALSE(counters.quiet(kPath)) << "what is read in the middle of a change must not be kept";
  }
  EXPECT_FALSE(ChangeCounters::stands(*stamp));
  ASSERT_TRUE(counters.quiet(kPath));
  EXPECT_TRUE(ChangeCounters::stands(*counters.quiet(kPath)));
}

TEST(ChangeCountersTest, ChangesOfOnePathMayOverlap) {
  ChangeCounters counters;
  {
    const auto first = counters.begin(kPath);
    { const auto second = counters.begin(kPath); }
    EXPECT_FALSE(counters.quiet(kPath));
  }
  EXPECT_TRUE(counters.quiet(kPath));
}

TEST(ChangeCountersTest, AnotherPathIsNotConcerned) {
  ChangeCounters counters;
  const auto stamp = counters.quiet(kPath);
  const auto change = counters.begin("docker/registry/v2/repositories/b/link");
  EXPECT_TRUE(ChangeCounters::stands(*stamp));
}

TEST(ChangeCountersTest, TheMemoryDriverCountsForItself) {
  MemoryDriver driver;
  ASSERT_NE(driver.changes(), nullptr);
  EXPECT_TRUE(driver.changes()->quiet(kPath));
}

TEST(ChangeCountersTest, AStorageOpenedForReadingCountsOnceItIsWrittenTo) {
  test::TemporaryFolder folder;
  FilesystemDriver writing({folder.path()});
  writing.open();
  FilesystemDriver reading({folder.path()});
  reading.open(OpenFor::Reading);
  EXPECT_EQ(reading.changes(), nullptr);
  EXPECT_FALSE(reading.whyUncached().empty());

  reading.beginWriting();
  ASSERT_NE(reading.changes(), nullptr);
  EXPECT_EQ(reading.whyUncached(), "");
  const auto* const counters = reading.changes();
  const auto stamp = writing.changes()->quiet(kPath);
  { const auto change = reading.changes()->begin(kPath); }
  EXPECT_FALSE(ChangeCounters::stands(*stamp)) << "the other process must see the change";
  reading.beginWriting();
  EXPECT_EQ(reading.changes(), counters);
}

class ChangeFileTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  fs::path file_ = folder_.path() / std::string(kChangeFile);

  [[nodiscard]] std::unique_ptr<FilesystemDriver> open() const {
    auto driver = std::make_unique<FilesystemDriver>(FilesystemSettings{folder_.path()});
    driver->open();
    return driver;
  }
};

TEST_F(ChangeFileTest, ADriverSeesTheChangesOfAnotherOneOnItsFolder) {
  const auto one = open();
  const auto other = open();
  const auto stamp = one->changes()->quiet(kPath);
  ASSERT_TRUE(stamp);
  { const auto change = other->changes()->begin(kPath); }
  EXPECT_FALSE(ChangeCounters::stands(*stamp));
}

TEST_F(ChangeFileTest, AChangeThatWasNeverEndedIsForgottenOnceNobodyHasTheFolderOpen) {
  {
    const auto one = open();
    const auto other = open();
    // The process dies in the middle: no destructor runs.
    alignas(ChangeCounters::Change) std::array<std::byte, sizeof(ChangeCounters::Change)> memory{};
    new (memory.data()) ChangeCounters::Change(one->changes()->begin(kPath));
    EXPECT_FALSE(other->changes()->quiet(kPath));
  }
  EXPECT_TRUE(open()->changes()->quiet(kPath));
}

TEST_F(ChangeFileTest, TheFileIsNoObject) {
  const auto driver = open();
  ASSERT_TRUE(fs::exists(file_));
  driver->put("docker/registry-ha/v1/identity", "x", Durability::Relaxed);
  driver->list("docker/registry-ha", [](const ListEntry& entry) {
    EXPECT_EQ(entry.name, "v1");
    return true;
  });
  EXPECT_THROW(driver->get(kChangeFile, 10), std::logic_error);
}

TEST_F(ChangeFileTest, AProcessThatFoundNoRoomForItKeepsOthersFromCachingToo) {
  const auto first = open();
  fs::resize_file(file_, 0);  // as if the disk had been full
  const auto second = open();
  EXPECT_EQ(second->changes(), nullptr);
  EXPECT_NE(second->whyUncached().find("no room"), std::string::npos) << second->whyUncached();
}

}  // namespace
}  // namespace rha::storage
