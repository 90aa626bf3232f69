// Options: the command line of registry-homepage-builder, its --help and its manual.
//
//   registry-homepage-builder [PATH]              the registry of this host, by its configuration
//   registry-homepage-builder REGISTRY… PATH      any registries, over HTTP
//
// Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "apps/registry-homepage-builder/site_tree.h"
#include "base/result.h"

namespace rha::homepage {

// Read when --config is not given, if it exists: registryd's own.
inline constexpr std::string_view kDefaultConfig = "/etc/docker-registry-ha/registryd.yaml";

enum class Task : std::uint8_t { Build, Help, ManPage, Version };

struct Options {
  Task task = Task::Build;
  std::vector<std::string> registries;        // empty: the registry of this host
  std::optional<std::filesystem::path> path;  // nullopt: homepage.path of the configuration
  std::optional<std::filesystem::path> config;
  std::optional<std::filesystem::path> css;
  std::string name;       // to pull by; empty: see the manual
  unsigned requests = 8;  // at once, over HTTP
  bool debug = false;
  Takeover takeover = Takeover::OwnOnly;
};

// Error: for the operator, without the program's name.
base::Result<Options, std::string> parseOptions(std::span<const char* const> arguments);

std::string helpText();
std::string manPage();

}  // namespace rha::homepage
