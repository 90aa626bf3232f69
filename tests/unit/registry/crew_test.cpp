#include "registry/crew.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace rha::registry {
namespace {

TEST(CrewTest, does_every_task_once_and_more_after_the_end) {
  for (const unsigned threads : {0U, 1U, 4U}) {
    Crew crew(threads);
    for (int round = 0; round < 3; ++round) {
      std::vector<std::atomic<int>> done(500);
      crew.each(done.size(), [&](std::size_t i) { ++done[i]; });
      for (const auto& times : done) {
        ASSERT_EQ(times.load(), 1);
      }
    }
  }
}

TEST(CrewTest, tasks_run_at_the_same_time_each_on_a_thread_of_its_own) {
  Crew crew(4);
  std::barrier meeting(4);  // nobody passes unless all four are there
  std::array<std::atomic<int>, 4> seen{};
  for (int i = 0; i < 4; ++i) {
    crew.give([&](unsigned worker) {
      ++seen.at(worker);
      meeting.arrive_and_wait();
    });
  }
  crew.finish();
  for (const auto& times : seen) {
    EXPECT_EQ(times.load(), 1);
  }
}

TEST(CrewTest, a_crew_of_none_works_where_it_is_given) {
  Crew crew(0);
  const auto here = std::this_thread::get_id();
  crew.give([&](unsigned worker) {
    EXPECT_EQ(worker, 0U);
    EXPECT_EQ(std::this_thread::get_id(), here);
  });
  EXPECT_THROW(crew.give([](unsigned) { throw std::runtime_error("no"); }), std::runtime_error);
  crew.finish();
}

TEST(CrewTest, the_first_exception_ends_the_work_and_comes_out_once) {
  Crew crew(3);
  std::atomic<int> done{0};
  std::string told;
  try {
    crew.each(10'000, [&](std::size_t i) {
      if (i == 20) {
        throw std::runtime_error("the storage is away");
      }
      ++done;
    });
  } catch (const std::runtime_error& error) {
    told = error.what();
  }
  EXPECT_EQ(told, "the storage is away");
  EXPECT_LT(done.load(), 100);
  crew.each(10, [&](std::size_t) { ++done; });
  crew.finish();
}

}  // namespace
}  // namespace rha::registry
