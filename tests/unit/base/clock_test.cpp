#include "base/clock.h"

#include <gtest/gtest.h>

#include "support/fake_clock.h"

namespace rha::base {
namespace {

using namespace std::chrono_literals;

TEST(Clock, FormatsAndParsesRfc3339) {
  const WallTime time{std::chrono::seconds(1795471561) + 123us};
  EXPECT_EQ(formatRfc3339(time), "2026-11-23T22:06:01Z");
  EXPECT_EQ(formatRfc3339Micros(time), "2026-11-23T22:06:01.000123Z");
  EXPECT_EQ(parseRfc3339("2026-11-23T22:06:01Z"), time - 123us);
  EXPECT_EQ(parseRfc3339("2026-11-23T22:06:01.000123Z"), time);
  EXPECT_EQ(parseRfc3339("2026-11-23T22:06:01.000123999Z"), time);
  EXPECT_EQ(parseRfc3339("2026-11-23T22:06:01.5Z"), time - 123us + 500ms);
}

TEST(Clock, RefusesMalformedTimes) {
  for (const char* text : {"", "2026-11-23", "2026-11-23T22:06:01", "2026-11-23T22:06:01+00:00", "2026-13-23T22:06:01Z",
                           "2026-11-23 22:06:01Z", "2026-11-23T22:06:01.Z", "2026-11-23T22:06:01.5",
                           "x026-11-23T22:06:01Z", "2026-11-23T24:06:01Z", "2026-11-23T22:06:01ZZ"}) {
    EXPECT_FALSE(parseRfc3339(text)) << text;
  }
}

TEST(FakeClock, StandsStillUntilMoved) {
  test::FakeClock clock;
  const auto wall = clock.now();
  const auto steady = clock.steady();
  EXPECT_EQ(formatRfc3339(wall), "2026-01-02T03:04:05Z");
  clock.advance(90s);
  EXPECT_EQ(clock.now() - wall, 90s);
  EXPECT_EQ(clock.steady() - steady, 90s);
  clock.jumpTo(wall - 1h);
  EXPECT_EQ(clock.now(), wall - 1h);
  EXPECT_EQ(clock.steady() - steady, 90s);
}

TEST(SystemClock, Runs) {
  const SystemClock clock;
  const auto first = clock.steady();
  EXPECT_GE(clock.steady(), first);
  EXPECT_GT(clock.now(), WallTime(std::chrono::seconds(1700000000)));
}

}  // namespace
}  // namespace rha::base
