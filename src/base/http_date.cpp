#include "base/http_date.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/text.h"

namespace rha::base {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::size_t kLength = 29;

}  // namespace

std::string formatHttpDate(sys_seconds time) {
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                kDays.at(weekday(day).c_encoding()).data(), static_cast<unsigned>(date.day()),
                kMonths.at(static_cast<unsigned>(date.month()) - 1).data(), static_cast<int>(date.year()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

std::optional<sys_seconds> parseHttpDate(std::string_view text) {
  if (text.size() != kLength) {
    return std::nullopt;
  }
  const auto number = [&](std::size_t from, std::size_t count) {
    return static_cast<int>(base::parseUnsigned(text.substr(from, count)).value_or(0));
  };
  const auto* month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  if (month == kMonths.end()) {
    return std::nullopt;
  }
  const auto place = static_cast<unsigned>(month - kMonths.begin()) + 1;
  const year_month_day date(year(number(12, 4)), std::chrono::month(place),
                            std::chrono::day(static_cast<unsigned>(number(5, 2))));
  if (!date.ok()) {
    return std::nullopt;
  }
  const sys_seconds time = sys_days(date) + hours(number(17, 2)) + minutes(number(20, 2)) + seconds(number(23, 2));
  // What is not the one spelling of its own time has something else in it.
  return formatHttpDate(time) == text ? std::optional(time) : std::nullopt;
}

}  // namespace rha::base
