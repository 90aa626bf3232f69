#include "api/ranges.h"

#include <gtest/gtest.h>

namespace {

using rha::api::chunkRange;
using rha::api::Selection;
using rha::api::selectRange;

// "whole", "none" or "offset+length".
std::string select(std::string_view range, std::uint64_t size) {
  const Selection selection = selectRange(range, size);
  switch (selection.kind) {
    case Selection::Kind::Whole:
      return "whole";
    case Selection::Kind::Unsatisfiable:
      return "none";
    case Selection::Kind::Part:
      break;
  }
  return std::to_string(selection.offset) + "+" + std::to_string(selection.length);
}

TEST(Ranges, aRangeWithinIsExact) {
  EXPECT_EQ(select("bytes=0-0", 1000), "0+1");
  EXPECT_EQ(select("bytes=10-19", 1000), "10+10");
  EXPECT_EQ(select("bytes=999-999", 1000), "999+1");
  EXPECT_EQ(select("Bytes= 0-1 ", 1000), "0+2");
}

TEST(Ranges, openAndSuffixRangesEndWithTheBlob) {
  EXPECT_EQ(select("bytes=0-", 1000), "0+1000");
  EXPECT_EQ(select("bytes=990-", 1000), "990+10");
  EXPECT_EQ(select("bytes=-7", 1000), "993+7");
  EXPECT_EQ(select("bytes=-5000", 1000), "0+1000");
  EXPECT_EQ(select("bytes=990-99999999999999999999999999", 1000), "990+10");
}

TEST(Ranges, whatLiesBeyondTheEndCannotBeSatisfied) {
  EXPECT_EQ(select("bytes=1000-", 1000), "none");
  EXPECT_EQ(select("bytes=5000-6000", 1000), "none");
  EXPECT_EQ(select("bytes=-0", 1000), "none");
  EXPECT_EQ(select("bytes=0-0", 0), "none");
  EXPECT_EQ(select("bytes=-1", 0), "none");
  EXPECT_EQ(select("bytes=99999999999999999999999999-", 1000), "none");
}

TEST(Ranges, severalPartsAndOtherUnitsAreIgnored) {
  for (const char* range : {"", "bytes", "chunks=0-1", "bytes=0-1,5-6", "bytes=0-1, 2-3 ,5000-", "bytes=-1,0-"}) {
    EXPECT_EQ(select(range, 1000), "whole") << range;
  }
}

TEST(Ranges, anInvalidRangeCannotBeSatisfied) {
  for (const char* range : {"bytes=", "bytes=,", "bytes=-", "bytes=abc", "bytes=9-2", "bytes=0x1-2", "bytes=+1-2",
                            "bytes=1 - 2", "bytes=--1", "bytes=1-2-3", "bytes=0-1,9-2", "bytes=0-1,x"}) {
    EXPECT_EQ(select(range, 1000), "none") << range;
  }
}

TEST(Ranges, ofSeveralTheOnlyOneThatLiesWithinCounts) {
  EXPECT_EQ(select("bytes=0-1,", 1000), "0+2");
  EXPECT_EQ(select("bytes=5000-, 10-19", 1000), "10+10");
  EXPECT_EQ(select("bytes=-7,5000-", 1000), "993+7");
  EXPECT_EQ(select("bytes=5000-,6000-", 1000), "none");
}

struct Chunk {
  int status = 0;  // 0: accepted
  std::string range;
};

Chunk chunk(const std::string& value, std::optional<std::uint64_t> contentLength = std::nullopt) {
  rha::net::Headers headers;
  headers.add("Content-Range", value);
  const auto range = chunkRange(headers, contentLength);
  if (!range) {
    const auto& error = range.error();
    return {error.httpStatus != 0 ? error.httpStatus : rha::oci::info(error.code).httpStatus, {}};
  }
  return {0, std::to_string((*range)->first) + "+" + std::to_string((*range)->length())};
}

TEST(Ranges, aChunkSaysWhereItBelongs) {
  EXPECT_EQ(chunk("0-99").range, "0+100");
  EXPECT_EQ(chunk("100-100", 1).range, "100+1");
  EXPECT_EQ(chunk("bytes 0-99/*").range, "0+100");
  EXPECT_EQ(chunk("bytes 0-99/1000").range, "0+100");
}

TEST(Ranges, noContentRangeIsNoError) {
  const auto range = chunkRange({}, 5);
  ASSERT_TRUE(range);
  EXPECT_FALSE(range->has_value());
}

TEST(Ranges, aMalformedChunkIs400AndAnInvertedOne416) {
  for (const char* value : {"", "abc", "0", "-", "0-", "-5", "0--1", "a-b", "0-99999999999999999999999999",
                            "0-18446744073709551615", "bytes=0-99", "bytes 0-99/x", "0-1 "}) {
    EXPECT_EQ(chunk(value).status, std::string_view(value) == "0-1 " ? 0 : 400) << value;
  }
  EXPECT_EQ(chunk("9-2").status, 416);
}

TEST(Ranges, aChunkMustBeAsLongAsTheBody) {
  EXPECT_EQ(chunk("0-99", 100).status, 0);
  EXPECT_EQ(chunk("0-99", 99).status, 400);
  EXPECT_EQ(chunk("0-99", 0).status, 400);
}

}  // namespace
