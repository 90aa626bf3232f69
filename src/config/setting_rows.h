// Private to config: the rows of the settings' table, a file for each group of sections. setting_table.cpp puts them
// together in the order of the manual.
#pragma once

#include <cstdint>
#include <vector>

#include "config/setting_table.h"

namespace rha::config::rows {

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;
inline constexpr std::uint64_t kTiB = 1024 * kGiB;
inline constexpr std::uint64_t kSecond = 1000;
inline constexpr std::uint64_t kHour = 60 * 60 * kSecond;
inline constexpr std::uint64_t kDay = 24 * kHour;
inline constexpr std::uint64_t kLongestPath = 4095;
inline constexpr std::uint64_t kLongestName = 255;
inline constexpr std::uint64_t kLongestContainer = 256;
// sun_path holds 108 bytes; the server needs five for a temporary name and the final NUL.
inline constexpr std::uint64_t kLongestSocketPath = 103;

// A field's accessor from its name; a member pointer cannot reach into nested structs.
#define RHA_FIELD(name)               \
  +[](StartupSettings & s) -> auto& { \
    return s.name;                    \
  }

std::vector<Setting> http();
std::vector<Setting> connections();
std::vector<Setting> tls();
std::vector<Setting> storage();
std::vector<Setting> swiftAccess();
std::vector<Setting> swift();
std::vector<Setting> s3Access();
std::vector<Setting> s3();
std::vector<Setting> index();
std::vector<Setting> limits();
std::vector<Setting> caches();
std::vector<Setting> other();
std::vector<Setting> homepage();

}  // namespace rha::config::rows
