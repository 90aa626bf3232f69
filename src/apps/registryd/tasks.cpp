#include "apps/registryd/tasks.h"

#include <cstdio>
#include <filesystem>

#include "apps/registryd/manual.h"
#include "apps/registryd/rebuild.h"
#include "apps/registryd/service.h"
#include "config/settings_check.h"
#include "config/settings_text.h"
#include "net/address.h"

namespace rha::registryd {
namespace {

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

std::optional<std::string> checkAddress(std::string_view text) {
  const auto address = net::Address::parse(text);
  return address ? std::nullopt : std::optional(address.error());
}

// The settings of the named file, of the default one if it exists, else the defaults. Errors are printed; nullopt then.
std::optional<config::StartupSettings> readSettings(const Options& options) {
  if (!options.config && !std::filesystem::exists(kDefaultConfig)) {
    return config::StartupSettings{};
  }
  const std::filesystem::path path = options.config.value_or(kDefaultConfig);
  auto settings = config::loadSettings(path, checkAddress);
  if (!settings) {
    for (const config::SettingError& error : settings.error()) {
      std::fprintf(stderr, "%s\n", config::toText(path, error).c_str());
    }
    return std::nullopt;
  }
  return *std::move(settings);
}

int performWithSettings(Task task, const config::StartupSettings& settings, const std::string& version) {
  switch (task) {
    case Task::DumpConfig:
      print(config::toYaml(settings));
      return 0;
    case Task::RebuildIndex:
      return rebuildIndexOf(settings);
    case Task::Serve:
      return serve(settings, version);
    default:
      return 0;  // CheckConfig: that they could be read is all
  }
}

}  // namespace

int perform(const Options& options, const std::string& version) {
  switch (options.task) {
    case Task::Help:
      print(helpText());
      return 0;
    case Task::Version:
      print("registryd " + version + "\n");
      return 0;
    case Task::ManPage:
      print(manPage(version));
      return 0;
    default:
      break;
  }
  const auto settings = readSettings(options);
  return settings ? performWithSettings(options.task, *settings, version) : 1;
}

}  // namespace rha::registryd
