// readValue(): one value of the settings file into its field, by the row of the table.
//
// Internal to config. Pure but for its output arguments.
#pragma once

#include <yaml-cpp/yaml.h>

#include <functional>
#include <string>

#include "config/setting_table.h"
#include "config/settings_check.h"

namespace rha::config {

// Told what is wrong and at which node.
using Complain = std::function<void(const YAML::Node& at, std::string text)>;

// Stores the value of `node` (not null) in `settings`, or calls `complain`, once per fault.
void readValue(const Setting& setting, const YAML::Node& node, StartupSettings& settings, const ValueChecks& checks,
               const Complain& complain);

// "\"text\"", shortened and without control characters, for messages.
std::string inQuotes(std::string_view text);
// "http.listen", "http.listen or http.debug_listen" …
std::string joinWords(const std::vector<std::string_view>& words);

}  // namespace rha::config
