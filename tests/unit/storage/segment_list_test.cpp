#include "storage/segment_list.h"

#include <gtest/gtest.h>

namespace rha::storage {
namespace {

TEST(SegmentList, EqualSegmentsInARowAreOneRun) {
  SegmentList list;
  EXPECT_EQ(list.text(), "");
  for (int i = 0; i < 256; ++i) {
    list.add(33554432, "");
  }
  list.add(17, "");
  list.add(17, "5fa0c1");
  list.add(17, "5fa0c1");
  EXPECT_EQ(list.text(), "256x33554432,1x17,2:5fa0c1");
  EXPECT_EQ(list.count(), 259U);
  EXPECT_EQ(list.bytes(), std::uint64_t{256} * 33554432 + 51);
  const auto segments = list.segments();
  EXPECT_EQ(segments[256].number, 257U);
  EXPECT_EQ(segments[256].size, 17U);
  EXPECT_EQ(segments[258].session, "5fa0c1");
}

TEST(SegmentList, TheLastSegmentCanBeTakenAway) {
  auto list = *SegmentList::parse("2x5,1x7:5fa0c1");
  list.removeLast();
  EXPECT_EQ(list.text(), "2x5");
  list.removeLast();
  EXPECT_EQ(list.text(), "1x5");
  EXPECT_EQ(list.bytes(), 5U);
  EXPECT_EQ(list.count(), 1U);
  list.removeLast();
  EXPECT_TRUE(list.empty());
}

TEST(SegmentList, TextIsReadBack) {
  for (const std::string text : {"", "1x0", "31x33554432,1x1048576", "2x5,2:5fa0c1,1", "1x5,1:a,1:b,3x6:b"}) {
    const auto list = SegmentList::parse(text);
    ASSERT_TRUE(list) << text;
    EXPECT_EQ(list->text(), text);
  }
}

TEST(SegmentList, ASizeThatIsRepeatedIsReadToo) {
  const auto list = SegmentList::parse("2x5,2x5:5fa0c1");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->bytes(), 20U);
  EXPECT_EQ(list->text(), "2x5,2:5fa0c1");
}

TEST(SegmentList, OtherTextsAreRefused) {
  for (const std::string text :
       {"x", "1", "1x", "x1", "0x5", "1x5,", ",1x5", "1x5:XY", "1x5:../..", "-1x5", "1x5x5", "9999999x1",
        "1x99999999999999999999", "1:5x5", "1", "1:5fa0c1", "1x:ab", "1x5,:ab", "600000x1,600000x1"}) {
    EXPECT_FALSE(SegmentList::parse(text)) << text;
  }
}

}  // namespace
}  // namespace rha::storage
