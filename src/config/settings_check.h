// The check of a settings file: reads it by the table and finds every error in it at once, each with its line.
//
// Used by the start of registryd and by `registryd --check-config`, so both say the same. Pure functions but for
// reading the file; thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/settings.h"

namespace rha::config {

struct SettingError {
  int line = 0;      // from 1; 0: the file as a whole
  std::string text;  // for the operator: names the setting, what is wrong, what is allowed
};

// Sorted by line; never empty.
using SettingErrors = std::vector<SettingError>;

// What is wrong with a text, or nullopt.
using TextCheck = std::function<std::optional<std::string>(std::string_view)>;

// Given by the composition root, so that the check and those who use the values agree on what is one.
struct ValueChecks {
  TextCheck address;  // an "IP:PORT" that can be listened on
  TextCheck network;  // "10.0.0.0/8"
};

// `yaml` is the text of one document; an empty one, and settings left out or without a value, mean the defaults.
base::Result<StartupSettings, SettingErrors> checkSettings(std::string_view yaml, const ValueChecks& checks);

// Where the storages lie and what each takes, as text: the same for settings that mean the same images.
std::string storagePlaces(const StartupSettings& settings);

// As above for a file of at most 1 MiB; one that is missing or cannot be read is an error too.
base::Result<StartupSettings, SettingErrors> loadSettings(const std::filesystem::path& path, const ValueChecks& checks);

// "FILE:LINE: text", or "FILE: text" for the file as a whole.
std::string toText(const std::filesystem::path& path, const SettingError& error);

}  // namespace rha::config
