// The settings as text: effective values as YAML (--dump-config), and the table as a part of the manual.
//
// Pure functions; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "config/setting_table.h"

namespace rha::config {

// All settings as a registryd.yaml that means the same.
std::string toYaml(const StartupSettings& settings);

// The value of one setting as it would be written in the file: "4MiB", "[\"127.0.0.1:5000\"]".
std::string valueText(const Setting& setting, const StartupSettings& settings);

// All rows as roff (man macros): one .TP each, with type, limits, default, since and help.
std::string settingsAsRoff();
// Escapes text for roff.
std::string escapeRoff(std::string_view text);

}  // namespace rha::config
