#include "config/value_text.h"

#include <array>
#include <limits>

#include "base/text.h"

namespace rha::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first, for formatting.
constexpr std::array<Unit, 5> kSizeUnits{
    {{"TiB", 1ULL << 40}, {"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}, {"", 1}}};
constexpr std::array<Unit, 5> kDurationUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::uint64_t kLongestMs = 10'000ULL * 86'400'000ULL;

// A number followed by one of `units`, blanks allowed between.
template <std::size_t N>
std::optional<std::uint64_t> parseWithUnit(std::string_view text, const std::array<Unit, N>& units) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = base::parseUnsigned(text.substr(0, digits));
  const std::string_view name = base::trim(text.substr(digits));
  if (!number) {
    return std::nullopt;
  }
  for (const Unit& unit : units) {
    if (unit.name == name) {
      if (*number > std::numeric_limits<std::uint64_t>::max() / unit.factor) {
        return std::nullopt;
      }
      return *number * unit.factor;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parseSize(std::string_view text) { return parseWithUnit(text, kSizeUnits); }

std::string formatSize(std::uint64_t bytes) {
  for (const Unit& unit : kSizeUnits) {
    if (bytes >= unit.factor && bytes % unit.factor == 0) {
      return std::to_string(bytes / unit.factor) + std::string(unit.name);
    }
  }
  return "0";
}

std::optional<std::chrono::milliseconds> parseDuration(std::string_view text) {
  const auto ms = parseWithUnit(text, kDurationUnits);
  if (!ms || *ms > kLongestMs) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(*ms));
}

std::string formatDuration(std::chrono::milliseconds duration) {
  const auto ms = static_cast<std::uint64_t>(duration.count());
  for (const Unit& unit : kDurationUnits) {
    if (unit.name != "d" && ms >= unit.factor && ms % unit.factor == 0) {
      return std::to_string(ms / unit.factor) + std::string(unit.name);
    }
  }
  return "0s";
}

}  // namespace rha::config
