#include "net/worker_pool.h"

#include <gtest/gtest.h>

#include <future>

namespace rha::net {
namespace {

struct Blocking final : WorkerTask {
  void run() noexcept override {
    begun.set_value();
    release.get_future().wait();
  }
  std::promise<void> begun;
  std::promise<void> release;
};

struct Counting final : WorkerTask {
  explicit Counting(std::atomic<int>& total) : count(total) {}
  void run() noexcept override { ++count; }
  std::atomic<int>& count;
};

TEST(WorkerPoolTest, NewWorkIsRefusedWhenTheQueueIsFullAndContinuationsAreNot) {
  std::atomic<std::uint64_t> queued{0};
  std::atomic<int> count{0};
  Blocking blocking;
  Counting first(count);
  Counting second(count);
  WorkerPool pool(1, 1, queued);
  pool.start();
  ASSERT_TRUE(pool.submit(blocking, Admission::New));
  blocking.begun.get_future().wait();
  EXPECT_TRUE(pool.submit(first, Admission::New));
  EXPECT_FALSE(pool.submit(second, Admission::New));
  EXPECT_TRUE(pool.submit(second, Admission::Continuation));
  EXPECT_EQ(queued, 2u);
  blocking.release.set_value();
  pool.stop();
  EXPECT_EQ(count, 2);
  EXPECT_EQ(queued, 0u);
}

TEST(WorkerPoolTest, WhatIsQueuedRunsBeforeTheThreadsEnd) {
  std::atomic<std::uint64_t> queued{0};
  std::atomic<int> count{0};
  std::vector<std::unique_ptr<Counting>> tasks;
  WorkerPool pool(3, 1000, queued);
  pool.start();
  for (int i = 0; i < 1000; ++i) {
    tasks.push_back(std::make_unique<Counting>(count));
    ASSERT_TRUE(pool.submit(*tasks.back(), Admission::Continuation));
  }
  pool.stop();
  EXPECT_EQ(count, 1000);
}

}  // namespace
}  // namespace rha::net
