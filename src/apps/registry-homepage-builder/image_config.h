// What the site shows of an image's config blob: when it was made, its labels, its platform.
//
// Pure function; thread-safe. Labels are bounded in number and length, whatever the config holds.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace rha::homepage {

inline constexpr std::uint64_t kLargestConfig = 4 * 1024 * 1024;
inline constexpr std::size_t kMostLabels = 60;
inline constexpr std::size_t kLongestLabelKey = 200;
inline constexpr std::size_t kLongestLabelValue = 1000;

struct ImageConfig {
  std::optional<base::WallTime> created;  // nullopt also for the stand-ins of reproducible builds (1970, year 1)
  std::map<std::string, std::string> labels;
  std::string platform;  // "linux/amd64"; empty when it is not said
};

// Whether a config of that media type says what is above. Others belong to charts, signatures and the like.
bool isImageConfig(std::string_view mediaType);

// What is missing or of another type is left out; a text that is no JSON object gives an empty config.
ImageConfig parseImageConfig(std::string_view json);

}  // namespace rha::homepage
