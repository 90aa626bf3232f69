#include "base/clock.h"

#include <cstdio>
#include <ctime>

namespace rha::base {
namespace {

std::tm brokenDown(WallTime time) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

std::string dateAndTime(WallTime time) {
  const std::tm parts = brokenDown(time);
  char text[32];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return {text, length};
}

bool readNumber(std::string_view text, std::size_t at, std::size_t digits, int& out) {
  out = 0;
  for (std::size_t i = at; i < at + digits; ++i) {
    if (i >= text.size() || text[i] < '0' || text[i] > '9') {
      return false;
    }
    out = out * 10 + (text[i] - '0');
  }
  return true;
}

// Reads ".123456" up to the final Z; digits beyond microseconds are dropped.
std::optional<std::chrono::microseconds> readFraction(std::string_view text) {
  if (text == "Z") {
    return std::chrono::microseconds(0);
  }
  if (text.size() < 3 || text.front() != '.' || text.back() != 'Z') {
    return std::nullopt;
  }
  text = text.substr(1, text.size() - 2);
  std::int64_t micros = 0;
  for (std::size_t i = 0; i < 6 || i < text.size(); ++i) {
    if (i < text.size() && (text[i] < '0' || text[i] > '9')) {
      return std::nullopt;
    }
    if (i < 6) {
      micros = micros * 10 + (i < text.size() ? text[i] - '0' : 0);
    }
  }
  return std::chrono::microseconds(micros);
}

}  // namespace

WallTime SystemClock::now() const {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

SteadyTime SystemClock::steady() const { return std::chrono::steady_clock::now(); }

std::string formatRfc3339(WallTime time) { return dateAndTime(time) + 'Z'; }

std::string formatRfc3339Micros(WallTime time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%06lldZ", static_cast<long long>((time - whole).count()));
  return dateAndTime(time) + fraction;
}

std::optional<WallTime> parseRfc3339(std::string_view text) {
  std::tm parts{};
  const bool shaped = readNumber(text, 0, 4, parts.tm_year) && readNumber(text, 5, 2, parts.tm_mon) &&
                      readNumber(text, 8, 2, parts.tm_mday) && readNumber(text, 11, 2, parts.tm_hour) &&
                      readNumber(text, 14, 2, parts.tm_min) && readNumber(text, 17, 2, parts.tm_sec);
  if (!shaped || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  if (parts.tm_mon < 1 || parts.tm_mon > 12 || parts.tm_mday < 1 || parts.tm_mday > 31 || parts.tm_hour > 23 ||
      parts.tm_min > 59 || parts.tm_sec > 60) {
    return std::nullopt;
  }
  const auto fraction = readFraction(text.substr(19));
  if (!fraction) {
    return std::nullopt;
  }
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return WallTime(std::chrono::seconds(timegm(&parts)) + *fraction);
}

}  // namespace rha::base
