#include "base/bounded_map.h"

#include <gtest/gtest.h>

namespace rha::test {
namespace {

using Map = base::BoundedMap<int>;

constexpr Map::Bounds kTen{.cost = 10, .entries = 3};

TEST(BoundedMapTest, GivesWhatWasPutLast) {
  Map map;
  EXPECT_EQ(map.find("a"), nullptr);
  EXPECT_EQ(map.put("a", 1, 4, kTen), 0U);
  EXPECT_EQ(map.put("a", 2, 5, kTen), 0U);
  ASSERT_NE(map.find("a"), nullptr);
  EXPECT_EQ(*map.find("a"), 2);
  EXPECT_EQ(map.cost(), 5U);
  EXPECT_EQ(map.size(), 1U);
  map.erase("a");
  map.erase("a");
  EXPECT_EQ(map.find("a"), nullptr);
  EXPECT_EQ(map.cost(), 0U);
}

TEST(BoundedMapTest, WhatWasUsedLongestAgoMakesRoom) {
  Map map;
  map.put("a", 1, 3, kTen);
  map.put("b", 2, 3, kTen);
  map.put("c", 3, 3, kTen);
  ASSERT_NE(map.find("a"), nullptr);
  EXPECT_EQ(map.put("d", 4, 1, kTen), 1U) << "by number";
  EXPECT_EQ(map.find("b"), nullptr);
  EXPECT_EQ(map.put("e", 5, 9, kTen), 2U) << "by cost";
  EXPECT_EQ(map.find("a"), nullptr);
  EXPECT_NE(map.find("d"), nullptr);
  EXPECT_EQ(map.put("f", 6, 10, kTen), 2U) << "the largest has room alone";
  EXPECT_EQ(map.cost(), 10U);
  EXPECT_EQ(map.size(), 1U);
}

}  // namespace
}  // namespace rha::test
