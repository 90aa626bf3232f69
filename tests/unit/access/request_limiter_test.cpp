#include "access/request_limiter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rha::access::RequestLimiter;
using rha::access::RequestRate;

constexpr RequestRate kRate{.perSecond = 10, .burst = 3};

class RequestLimiterTest : public testing::Test {
 protected:
  // How many of `count` requests pass now.
  int passing(int count, const std::string& client = "a", const std::string& limit = "l") {
    int passed = 0;
    for (int i = 0; i < count; ++i) {
      passed += limiter.take(limit, client, kRate, now) ? 0 : 1;
    }
    return passed;
  }
  RequestLimiter limiter;
  rha::base::SteadyTime now{1h};
};

TEST_F(RequestLimiterTest, a_burst_passes_and_then_the_rate) {
  EXPECT_EQ(passing(10), 3);
  now += 100ms;
  EXPECT_EQ(passing(10), 1);
  now += 250ms;
  EXPECT_EQ(passing(10), 2);
  now += 10min;
  EXPECT_EQ(passing(10), 3) << "a pause saves up no more than the burst";
}

TEST_F(RequestLimiterTest, a_refusal_says_how_long_to_wait_and_costs_nothing) {
  EXPECT_EQ(passing(3), 3);
  const auto wait = limiter.take("l", "a", kRate, now);
  ASSERT_TRUE(wait);
  EXPECT_EQ(*wait, 100ms);
  now += *wait;
  EXPECT_FALSE(limiter.take("l", "a", kRate, now));
}

TEST_F(RequestLimiterTest, clients_and_limits_do_not_share) {
  EXPECT_EQ(passing(10), 3);
  EXPECT_EQ(passing(10, "b"), 3);
  EXPECT_EQ(passing(10, "a", "other"), 3);
}

TEST_F(RequestLimiterTest, memory_is_bounded_however_many_clients_come) {
  for (int i = 0; i < 100'000; ++i) {
    limiter.take("l", std::to_string(i), kRate, now);
  }
  EXPECT_LE(limiter.size(), RequestLimiter::kMostBuckets);
  now += 1s;
  limiter.take("l", "x", kRate, now);
  EXPECT_LE(limiter.size(), RequestLimiter::kMostBuckets);
}

TEST_F(RequestLimiterTest, many_threads_take_no_more_than_there_is) {
  std::vector<std::thread> threads;
  std::atomic<int> passed = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { passed += passing(100); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(passed, 3);
}

}  // namespace
