#include "base/http_date.h"

#include <gtest/gtest.h>

namespace rha::base {
namespace {

TEST(HttpDate, isReadAndWritten) {
  const auto time = parseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT");
  ASSERT_TRUE(time);
  EXPECT_EQ(time->time_since_epoch().count(), 784111777);
  EXPECT_EQ(formatHttpDate(*time), "Sun, 06 Nov 1994 08:49:37 GMT");
  for (const char* bad :
       {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sun, 06 Xyz 1994 08:49:37 GMT", "Sun, 0x Nov 1994 08:49:37 GMT"}) {
    EXPECT_FALSE(parseHttpDate(bad)) << bad;
  }
}

}  // namespace
}  // namespace rha::base
