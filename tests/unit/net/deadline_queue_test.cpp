#include "net/deadline_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace rha::net {
namespace {

using std::chrono::milliseconds;

class DeadlineQueueTest : public ::testing::Test {
 protected:
  class Entry final : public DeadlineEntry {
   public:
    Entry(std::vector<int>& log, int number) : log_(log), number_(number) {}
    void onDeadline() override { log_.push_back(number_); }

   private:
    std::vector<int>& log_;
    int number_;
  };

  DeadlineQueue queue{
      {milliseconds(20), milliseconds(100), milliseconds(10), milliseconds(50), milliseconds(1), milliseconds(1)}};
  base::SteadyTime start;
  std::vector<int> expired;
  Entry one{expired, 1};
  Entry two{expired, 2};
};

TEST_F(DeadlineQueueTest, ExpiresWhatIsDueAndNothingElse) {
  queue.set(one, DeadlineClass::Idle, start);
  queue.set(two, DeadlineClass::Head, start);
  EXPECT_EQ(queue.next(), start + milliseconds(10));
  queue.expire(start + milliseconds(9));
  EXPECT_TRUE(expired.empty());
  queue.expire(start + milliseconds(10));
  EXPECT_EQ(expired, std::vector<int>{2});
  queue.expire(start + milliseconds(100));
  EXPECT_EQ(expired, (std::vector<int>{2, 1}));
  EXPECT_EQ(queue.next(), std::nullopt);
}

TEST_F(DeadlineQueueTest, RenewingMovesAnEntryBehindTheOthers) {
  queue.set(one, DeadlineClass::Idle, start);
  queue.set(two, DeadlineClass::Idle, start + milliseconds(1));
  EXPECT_EQ(queue.oldest(DeadlineClass::Idle), &one);
  queue.set(one, DeadlineClass::Idle, start + milliseconds(2));
  EXPECT_EQ(queue.oldest(DeadlineClass::Idle), &two);
}

TEST_F(DeadlineQueueTest, AnEntryHasOneDeadlineAndLosesItWhenClearedOrDestroyed) {
  queue.set(one, DeadlineClass::Idle, start);
  queue.set(one, DeadlineClass::Head, start);
  EXPECT_EQ(queue.oldest(DeadlineClass::Idle), nullptr);
  EXPECT_TRUE(DeadlineQueue::isSet(one, DeadlineClass::Head));
  queue.clear(one);
  EXPECT_FALSE(DeadlineQueue::isSet(one, DeadlineClass::Head));
  {
    Entry gone(expired, 3);
    queue.set(gone, DeadlineClass::Body, start);
  }
  queue.expire(start + milliseconds(1000));
  EXPECT_TRUE(expired.empty());
}

}  // namespace
}  // namespace rha::net
