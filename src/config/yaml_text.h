// loadYaml(): the one document of a YAML text, if it is of a size that can be worked with.
//
// A few lines of YAML can stand for a document of any size: each alias repeats what its anchor names, which may hold
// aliases itself. So the text is counted, with its aliases written out, before a document is made of it; and an alias
// within what it names, which would never end, is refused.
// Pure; thread-safe. Failure: one error with its line, for the operator.
#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
#include <string_view>

#include "base/result.h"
#include "config/settings_check.h"

namespace rha::config {

// Far more than a file has that anybody can read.
inline constexpr std::size_t kMostYamlNodes = 200'000;
inline constexpr std::size_t kDeepestYaml = 20;

// nullopt: the text holds no document (it is empty, or comments only).
base::Result<std::optional<YAML::Node>, SettingError> loadYaml(std::string_view text);

}  // namespace rha::config
