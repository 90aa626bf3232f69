#include "base/backend_count.h"

#include <gtest/gtest.h>

#include <thread>

namespace rha::base {
namespace {

TEST(BackendCountTest, counts_what_the_thread_sends_while_a_scope_lives) {
  BackendCount count;
  countBackendRequest();  // for nobody
  {
    const BackendScope scope(count);
    countBackendRequest();
    countBackendRequest();
  }
  countBackendRequest();
  EXPECT_EQ(count.value(), 2U);
}

TEST(BackendCountTest, work_that_goes_on_elsewhere_is_added_to_the_same_count) {
  BackendCount first;
  BackendCount second;
  const BackendScope scope(first);
  countBackendRequest();
  std::thread([&] {
    countBackendRequest();  // this thread has no scope yet
    const BackendScope other(second);
    countBackendRequest();
  }).join();
  std::thread([&] {
    const BackendScope other(first);
    countBackendRequest();
  }).join();
  EXPECT_EQ(first.value(), 2U);
  EXPECT_EQ(second.value(), 1U);
}

}  // namespace
}  // namespace rha::base
