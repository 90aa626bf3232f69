// Clock: where the program's time comes from, so that tests can move it (tests/support/fake_clock.h).
//
// Thread-safe. Never fails.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace rha::base {

using WallTime = std::chrono::sys_time<std::chrono::microseconds>;
using SteadyTime = std::chrono::steady_clock::time_point;

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;
  // Wall clock (UTC); may jump.
  [[nodiscard]] virtual WallTime now() const = 0;
  // Monotonic; for deadlines and durations.
  [[nodiscard]] virtual SteadyTime steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] WallTime now() const override;
  [[nodiscard]] SteadyTime steady() const override;
};

// RFC 3339 in UTC, whole seconds: "2026-11-23T22:06:01Z" (the form distribution writes into startedat).
std::string formatRfc3339(WallTime time);
// RFC 3339 in UTC with microseconds: "2026-11-23T22:06:01.000123Z".
std::string formatRfc3339Micros(WallTime time);
// Parses both forms above (any number of fraction digits, "Z" only). nullopt when malformed.
std::optional<WallTime> parseRfc3339(std::string_view text);

}  // namespace rha::base
