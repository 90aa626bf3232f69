// Options: registryd's command line, from one table that also makes --help and the manual.
//
// Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rha::registryd {

// Read when --config is not given, if it exists.
inline constexpr std::string_view kDefaultConfig = "/etc/docker-registry-ha/registryd.yaml";

enum class Task : std::uint8_t { Serve, CheckConfig, DumpConfig, RebuildIndex, HandOver, ManPage, Help, Version };

struct Options {
  Task task = Task::Serve;
  std::optional<std::filesystem::path> config;
};

struct OptionRow {
  std::string_view name;      // "--config"
  std::string_view argument;  // "FILE", "[FILE]" (may be left out), or empty
  Task task;                  // what it makes the program do; Serve: nothing else
  std::string_view help;
};

std::span<const OptionRow> allOptions();

// Error: for the operator, without the program's name.
base::Result<Options, std::string> parseOptions(std::span<const char* const> arguments);

// Text of --help.
std::string helpText();

}  // namespace rha::registryd
