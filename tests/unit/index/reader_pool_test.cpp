#include "index/reader_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "index/index_files.h"
#include "support/temporary_folder.h"

namespace rha::index::test {
namespace {

using namespace std::chrono_literals;

class ReaderPoolTest : public ::testing::Test {
 protected:
  void SetUp() override { createFile(path_, 1s); }

  rha::test::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "index.db";
  ReaderPool pool_;
};

TEST_F(ReaderPoolTest, AReaderWaitsForAConnectionToComeBack) {
  pool_.open(path_, 1, 10s);
  std::atomic<bool> second{false};
  std::thread waiting;
  {
    auto first = pool_.lease();
    waiting = std::thread([&] {
      auto lease = pool_.lease();
      second = true;
    });
    EXPECT_FALSE(second);
  }
  waiting.join();
  EXPECT_TRUE(second);
}

TEST_F(ReaderPoolTest, ItGivesUpWhenAllStayBusy) {
  pool_.open(path_, 2, 20ms);
  auto first = pool_.lease();
  auto second = pool_.lease();
  EXPECT_THROW(pool_.lease(), IndexError);
}

TEST_F(ReaderPoolTest, ReadersCannotWrite) {
  pool_.open(path_, 1, 1s);
  auto lease = pool_.lease();
  EXPECT_THROW((*lease).execute("INSERT INTO mark VALUES ('a', 'b')"), IndexError);
}

TEST_F(ReaderPoolTest, ClosingWaitsForThoseOutAndRefusesLater) {
  pool_.open(path_, 1, 10s);
  std::atomic<bool> returned{false};
  std::thread closing;
  {
    auto lease = pool_.lease();
    closing = std::thread([&] {
      pool_.close();
      EXPECT_TRUE(returned);
    });
    (*lease).number("SELECT count(*) FROM mark");
    returned = true;
  }
  closing.join();
  EXPECT_THROW(pool_.lease(), IndexError);
}

TEST_F(ReaderPoolTest, ItReadsOnWhenItsFilesHaveLostTheirNames) {
  pool_.open(path_, 3, 1s);
  removeFiles(path_);
  auto first = pool_.lease();
  auto second = pool_.lease();
  auto third = pool_.lease();
  for (auto* lease : {&first, &second, &third}) {
    EXPECT_EQ((**lease).number("SELECT count(*) FROM mark"), 0);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace rha::index::test
