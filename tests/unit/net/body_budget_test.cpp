#include "net/body_budget.h"

#include <gtest/gtest.h>

#include <vector>

#include "net/body_pipe.h"

namespace rha::net {
namespace {

constexpr std::size_t kSmall = BodyBudget::kSmallBytes;

class BodyBudgetTest : public ::testing::Test {
 protected:
  struct Waiter final : BudgetWaiter {
    void onBuffer(BodyBuffer buffer) override { granted.push_back(std::move(buffer)); }
    std::vector<BodyBuffer> granted;
  };

  std::atomic<std::uint64_t> used{0};
  std::atomic<std::uint64_t> waiting{0};
  // Room for six full buffers of four small ones each in the first three quarters, eight small ones in the last.
  BodyBudget budget{32 * kSmall, 8 * kSmall, {used, waiting}};
  std::vector<BodyBuffer> held;

  void exhaust() {
    Waiter waiter;
    while (auto buffer = budget.acquire(waiter)) {
      held.push_back(std::move(*buffer));
    }
    EXPECT_TRUE(budget.cancel(waiter));
  }
};

TEST_F(BodyBudgetTest, GivesFullBuffersThenSmallOnesThenNone) {
  exhaust();
  ASSERT_EQ(held.size(), 14u);
  EXPECT_EQ(held[5].size(), 4 * kSmall);
  EXPECT_EQ(held[6].size(), kSmall);
  EXPECT_EQ(used, 32 * kSmall);
  EXPECT_FALSE(budget.tryAcquireExtra());
}

TEST_F(BodyBudgetTest, WhoWaitedLongestIsServedFirst) {
  exhaust();
  Waiter first;
  Waiter second;
  EXPECT_FALSE(budget.acquire(first));
  EXPECT_FALSE(budget.acquire(second));
  EXPECT_EQ(waiting, 2u);
  budget.release(std::move(held.back()));
  EXPECT_EQ(first.granted.size(), 1u);
  EXPECT_TRUE(second.granted.empty());
  EXPECT_FALSE(budget.cancel(first));
  EXPECT_TRUE(budget.cancel(second));
  EXPECT_EQ(waiting, 0u);
}

TEST_F(BodyBudgetTest, NewcomersDoNotOvertakeThoseWhoWait) {
  exhaust();
  Waiter first;
  Waiter newcomer;
  EXPECT_FALSE(budget.acquire(first));
  budget.release(std::move(held[0]));  // room for four small ones
  EXPECT_EQ(first.granted.size(), 1u);
  EXPECT_TRUE(budget.acquire(newcomer));
}

TEST_F(BodyBudgetTest, AnExtraBufferIsGivenOnlyFromPlenty) {
  Waiter waiter;
  for (int i = 0; i < 5; ++i) {
    held.push_back(std::move(*budget.acquire(waiter)));
  }
  EXPECT_TRUE(budget.tryAcquireExtra());
  EXPECT_FALSE(budget.tryAcquireExtra());
}

TEST_F(BodyBudgetTest, ATinyBudgetStillServesOneBodyAtATime) {
  BodyBudget tiny(1, 1, {used, waiting});
  Waiter first;
  auto buffer = tiny.acquire(first);
  ASSERT_TRUE(buffer);
  EXPECT_EQ(buffer->size(), kSmall);
  EXPECT_FALSE(tiny.acquire(first));
  tiny.release(std::move(*buffer));
  EXPECT_EQ(first.granted.size(), 1u);
}

TEST(BodyPipeTest, TwoBuffersPassInOrderAndOneTakesTurns) {
  std::atomic<std::uint64_t> gauge{0};
  BodyBudget budget(1 << 20, 2 * kSmall, {gauge, gauge});
  BodyPipe pipe;
  EXPECT_EQ(pipe.beginFill(), nullptr);
  pipe.addBuffer(std::move(*budget.tryAcquireExtra()));
  for (int i = 0; i < 3; ++i) {
    BodySlot* slot = pipe.beginFill();
    ASSERT_NE(slot, nullptr);
    slot->end = 1;
    pipe.endFill(*slot);
    BodySlot* drained = pipe.beginDrain();
    ASSERT_EQ(drained, slot);
    EXPECT_EQ(pipe.beginFill(), nullptr);
    pipe.endDrain(*drained);
  }
  pipe.addBuffer(std::move(*budget.tryAcquireExtra()));
  BodySlot* first = pipe.beginFill();
  first->end = first->buffer.size();
  pipe.endFill(*first);
  BodySlot* second = pipe.beginFill();
  ASSERT_NE(second, nullptr);
  ASSERT_NE(second, first);
  second->end = 1;
  pipe.endFill(*second);
  EXPECT_EQ(pipe.beginDrain(), first);
  EXPECT_EQ(pipe.beginFill(), second) << "a buffer nobody took yet is topped up";
  pipe.endFill(*second);
  pipe.endDrain(*first);
  EXPECT_EQ(pipe.beginDrain(), second);
  EXPECT_EQ(pipe.beginFill(), first);
}

}  // namespace
}  // namespace rha::net
