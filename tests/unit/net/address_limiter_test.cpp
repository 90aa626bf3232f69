#include "net/address_limiter.h"

#include <gtest/gtest.h>

#include <vector>

namespace rha::net {
namespace {

using Verdict = AddressLimiter::Verdict;

Address at(const char* text) { return Address::parse(text).value(); }

TEST(AddressLimiter, each_address_has_its_limit_and_ipv6_counts_by_network) {
  AddressLimiter limiter(2);
  std::vector<AddressLimiter::Slot> slots;
  const auto take = [&](const char* text) {
    auto [verdict, slot] = limiter.take(at(text));
    slots.push_back(std::move(slot));
    return verdict;
  };
  EXPECT_EQ(take("192.0.2.7:1"), Verdict::Within);
  EXPECT_EQ(take("192.0.2.7:2"), Verdict::Within);
  EXPECT_EQ(take("192.0.2.7:3"), Verdict::Over);
  EXPECT_EQ(take("192.0.2.8:3"), Verdict::Within);
  EXPECT_EQ(take("[2001:db8:0:1::1]:1"), Verdict::Within);
  EXPECT_EQ(take("[2001:db8:0:1:ffff::2]:1"), Verdict::Within);
  EXPECT_EQ(take("[2001:db8:0:1::3]:1"), Verdict::Over);
  EXPECT_EQ(take("[2001:db8:0:2::1]:1"), Verdict::Within);
  EXPECT_EQ(limiter.addresses(), 4u);
  slots.clear();
  EXPECT_EQ(limiter.addresses(), 0u) << "nothing is kept of who has gone";
  EXPECT_EQ(take("192.0.2.7:1"), Verdict::Within);
}

TEST(AddressLimiter, who_goes_far_beyond_is_not_even_told) {
  AddressLimiter limiter(1);
  std::vector<AddressLimiter::Slot> slots;
  Verdict verdict = Verdict::Within;
  int told = 0;
  while (verdict != Verdict::FarOver) {
    auto taken = limiter.take(at("192.0.2.7:1"));
    verdict = taken.first;
    told += verdict == Verdict::Over ? 1 : 0;
    slots.push_back(std::move(taken.second));
  }
  EXPECT_EQ(told, 16);
}

TEST(AddressLimiter, a_slot_that_is_moved_counts_once) {
  AddressLimiter limiter(1);
  auto slot = limiter.take(at("192.0.2.7:1")).second;
  AddressLimiter::Slot other = std::move(slot);
  other = limiter.take(at("192.0.2.8:1")).second;
  EXPECT_EQ(limiter.addresses(), 1u);
  other.reset();
  EXPECT_EQ(limiter.addresses(), 0u);
}

TEST(AddressLimiter, without_a_limit_nothing_is_counted) {
  AddressLimiter limiter(0);
  const auto slot = limiter.take(at("192.0.2.7:1"));
  EXPECT_EQ(slot.first, Verdict::Within);
  EXPECT_EQ(limiter.addresses(), 0u);
}

}  // namespace
}  // namespace rha::net
