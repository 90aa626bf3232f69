#include "config/value_text.h"

#include <gtest/gtest.h>

namespace rha::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(SizeText, is_bytes_or_a_number_with_a_binary_unit) {
  EXPECT_EQ(parseSize("0"), 0U);
  EXPECT_EQ(parseSize("4194304"), 4194304U);
  EXPECT_EQ(parseSize("1KiB"), 1024U);
  EXPECT_EQ(parseSize("4 MiB"), 4U * 1024 * 1024);
  EXPECT_EQ(parseSize("2GiB"), 2ULL << 30);
  EXPECT_EQ(parseSize("18446744073709551615"), 18446744073709551615ULL);
}

TEST(SizeText, refuses_other_units_signs_fractions_and_what_does_not_fit) {
  for (const char* text :
       {"", "MiB", "4MB", "4k", "-1", "+1", "1.5GiB", "1 2", "1KiBs", "18446744073709551616", "16777216TiB", "0x10"}) {
    EXPECT_EQ(parseSize(text), std::nullopt) << text;
  }
}

TEST(SizeText, is_shown_with_the_largest_unit_that_divides_it) {
  EXPECT_EQ(formatSize(0), "0");
  EXPECT_EQ(formatSize(1000), "1000");
  EXPECT_EQ(formatSize(1536), "1536");
  EXPECT_EQ(formatSize(4194304), "4MiB");
  EXPECT_EQ(formatSize(1536 * 1024), "1536KiB");
}

TEST(DurationText, needs_a_unit) {
  EXPECT_EQ(parseDuration("500ms"), milliseconds(500));
  EXPECT_EQ(parseDuration("60s"), seconds(60));
  EXPECT_EQ(parseDuration("5m"), minutes(5));
  EXPECT_EQ(parseDuration("24h"), hours(24));
  EXPECT_EQ(parseDuration("7d"), hours(168));
  for (const char* text : {"", "5", "h", "5min", "-5s", "1.5h", "1h30m", "10001d", "99999999999999999999s"}) {
    EXPECT_EQ(parseDuration(text), std::nullopt) << text;
  }
}

TEST(DurationText, is_shown_with_the_largest_unit_up_to_hours) {
  EXPECT_EQ(formatDuration(milliseconds(0)), "0s");
  EXPECT_EQ(formatDuration(milliseconds(1500)), "1500ms");
  EXPECT_EQ(formatDuration(seconds(90)), "90s");
  EXPECT_EQ(formatDuration(minutes(5)), "5m");
  EXPECT_EQ(formatDuration(hours(168)), "168h");
}

}  // namespace
}  // namespace rha::config
