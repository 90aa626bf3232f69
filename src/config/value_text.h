// Values as text: how sizes and durations are written in the settings file, and back.
//
// Pure functions; thread-safe. Failure: nullopt.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rha::config {

// "4194304", "4MiB" or "4 MiB"; units KiB, MiB, GiB, TiB. nullopt beyond 2^64-1.
std::optional<std::uint64_t> parseSize(std::string_view text);
// With the largest unit that divides it: "4MiB", "1000".
std::string formatSize(std::uint64_t bytes);

// "500ms", "60s", "5m", "24h", "7d"; a unit is needed. nullopt beyond 10,000 days.
std::optional<std::chrono::milliseconds> parseDuration(std::string_view text);
// With the largest unit up to hours that divides it: "168h", "90s".
std::string formatDuration(std::chrono::milliseconds duration);

}  // namespace rha::config
