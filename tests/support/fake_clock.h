// FakeClock: a clock that stands still until a test moves it.
//
// Thread-safe, so that servers under test may read it while the test moves it.
#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace rha::test {

class FakeClock final : public base::Clock {
 public:
  // 2026-01-02T03:04:05Z unless told otherwise.
  FakeClock() : FakeClock(base::WallTime(std::chrono::seconds(1767323045))) {}
  explicit FakeClock(base::WallTime start) : wall_(start) {}

  [[nodiscard]] base::WallTime now() const override { return wall_.load(); }
  [[nodiscard]] base::SteadyTime steady() const override { return steady_.load(); }

  // Lets time pass on both clocks.
  void advance(std::chrono::microseconds duration) {
    wall_.store(wall_.load() + duration);
    steady_.store(steady_.load() + duration);
  }
  // Sets the wall clock only, as an administrator or NTP does.
  void jumpTo(base::WallTime time) { wall_.store(time); }

 private:
  std::atomic<base::WallTime> wall_;
  std::atomic<base::SteadyTime> steady_{base::SteadyTime(std::chrono::hours(1))};
};

}  // namespace rha::test
