#include "support/flaky_driver.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "storage/memory_driver.h"
#include "support/test_bytes.h"

namespace rha::test {
namespace {

using storage::Durability;
using storage::StorageError;
using storage::StorageFailure;

class FlakyDriverTest : public ::testing::Test {
 protected:
  storage::MemoryDriver memory_;
  FlakyDriver flaky_{memory_};
};

TEST_F(FlakyDriverTest, WithoutFaultsEverythingPassesThrough) {
  flaky_.put("a", "x", Durability::Durable);
  EXPECT_EQ(flaky_.get("a", 10), "x");
  EXPECT_EQ(base::readAll(*flaky_.open("a", std::nullopt), 10), "x");
  auto session = flaky_.startUpload("u");
  session->append(bytesOf("yz"));
  session->flush();
  EXPECT_EQ(base::readAll(*session->readBack(), 10), "yz");
  session->commit("b");
  EXPECT_EQ(flaky_.stat("b")->size, 2U);
  EXPECT_EQ(flaky_.open("none", std::nullopt), nullptr);
  EXPECT_EQ(flaky_.resumeUpload("u", "0 0"), nullptr);
  EXPECT_TRUE(flaky_.remove("a"));
  EXPECT_EQ(flaky_.calls(Operation::Put), 1U);
  EXPECT_EQ(flaky_.calls(Operation::Open), 2U);
}

TEST_F(FlakyDriverTest, AFaultStrikesItsOperationAndPathAsOftenAsSaid) {
  flaky_.fail({.operation = Operation::Put, .pathPart = "/tags/", .count = 2, .failure = StorageFailure::NoSpace});
  flaky_.put("r/blobs/a", "x", Durability::Relaxed);
  for (int i = 0; i < 2; ++i) {
    try {
      flaky_.put("r/tags/a", "x", Durability::Relaxed);
      ADD_FAILURE() << "no fault";
    } catch (const StorageError& error) {
      EXPECT_EQ(error.failure(), StorageFailure::NoSpace);
    }
  }
  EXPECT_EQ(memory_.get("r/tags/a", 10), std::nullopt);
  flaky_.put("r/tags/a", "x", Durability::Relaxed);
  EXPECT_EQ(memory_.get("r/tags/a", 10), "x");
  EXPECT_EQ(flaky_.calls(Operation::Put), 4U);
}

TEST_F(FlakyDriverTest, AFaultAfterTheEffectLeavesTheEffect) {
  flaky_.fail({.operation = Operation::Put, .time = FaultTime::After});
  EXPECT_THROW(flaky_.put("a", "x", Durability::Relaxed), StorageError);
  EXPECT_EQ(memory_.get("a", 10), "x");
}

TEST_F(FlakyDriverTest, AFaultMayLetSomeCallsPassFirst) {
  flaky_.fail({.operation = Operation::Get, .skip = 2});
  EXPECT_NO_THROW(flaky_.get("a", 10));
  EXPECT_NO_THROW(flaky_.get("a", 10));
  EXPECT_THROW(flaky_.get("a", 10), StorageError);
  EXPECT_NO_THROW(flaky_.get("a", 10));
}

TEST_F(FlakyDriverTest, HealingForgetsFaults) {
  flaky_.fail({.operation = Operation::Check, .count = 100});
  EXPECT_THROW(flaky_.check(), StorageError);
  flaky_.heal();
  EXPECT_NO_THROW(flaky_.check());
}

TEST_F(FlakyDriverTest, SourcesAndSessionsFailToo) {
  memory_.put("a", "x", Durability::Relaxed);
  flaky_.fail({.operation = Operation::Read, .pathPart = "a"});
  const auto source = flaky_.open("a", std::nullopt);
  EXPECT_FALSE(source->memory());
  EXPECT_THROW(base::readAll(*source, 10), StorageError);
  flaky_.fail({.operation = Operation::Append});
  flaky_.fail({.operation = Operation::Commit, .pathPart = "final"});
  const auto session = flaky_.startUpload("u");
  EXPECT_THROW(session->append(bytesOf("x")), StorageError);
  EXPECT_THROW(session->commit("final"), StorageError);
  session->cancel();
  EXPECT_EQ(flaky_.calls(Operation::Cancel), 1U);
}

TEST_F(FlakyDriverTest, TheObserverSeesEachCallAndMayUseTheDriver) {
  std::atomic<int> puts{0};
  flaky_.observe([&](Operation operation, std::string_view path) {
    if (operation == Operation::Put && path == "a") {
      ++puts;
      memory_.put("seen", "1", Durability::Relaxed);
    }
  });
  flaky_.put("a", "x", Durability::Relaxed);
  EXPECT_EQ(puts, 1);
  EXPECT_TRUE(memory_.get("seen", 10));
}

TEST_F(FlakyDriverTest, ThreadsShareTheCountOfAFault) {
  flaky_.fail({.operation = Operation::Get, .count = 50});
  std::atomic<int> failed{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 100; ++n) {
          try {
            flaky_.get("a", 10);
          } catch (const StorageError&) {
            ++failed;
          }
        }
      });
    }
  }
  EXPECT_EQ(failed, 50);
  EXPECT_EQ(flaky_.calls(), 400U);
}

}  // namespace
}  // namespace rha::test
