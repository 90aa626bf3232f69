#include "apps/registryd/tasks.h"

#include <cstdio>
#include <filesystem>

#include "access/ip_network.h"
#include "apps/registryd/hand_over.h"
#include "apps/registryd/manual.h"
#include "apps/registryd/rebuild.h"
#include "apps/registryd/service.h"
#include "apps/registryd/tls_parts.h"
#include "config/settings_check.h"
#include "config/settings_text.h"
#include "net/address.h"
#include "net/tls.h"

namespace rha::registryd {
namespace {

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

std::optional<std::string> checkAddress(std::string_view text) {
  const auto address = net::Address::parse(text);
  return address ? std::nullopt : std::optional(address.error());
}

std::optional<std::string> checkNetwork(std::string_view text) {
  const auto network = access::IpNetwork::parse(text);
  return network ? std::nullopt : std::optional(network.error());
}

// The settings of the named file, of the default one if it exists, else the defaults. Errors are printed; nullopt then.
std::optional<config::StartupSettings> readSettings(const Options& options) {
  if (!options.config && !std::filesystem::exists(kDefaultConfig)) {
    return config::StartupSettings{};
  }
  const std::filesystem::path path = options.config.value_or(kDefaultConfig);
  auto settings = config::loadSettings(path, {checkAddress, checkNetwork});
  if (!settings) {
    for (const config::SettingError& error : settings.error()) {
      std::fprintf(stderr, "%s\n", config::toText(path, error).c_str());
    }
    return std::nullopt;
  }
  return *std::move(settings);
}

// The certificates that the settings name, as they are now: they may change after the start.
int checkFiles(const config::StartupSettings& settings, const std::filesystem::path& path) {
  const auto findings = net::checkTls(tlsSettings(settings.http.tls), base::SystemClock().now());
  for (const std::string& warning : findings.warnings) {
    std::fprintf(stderr, "%s: http.tls: warning: %s\n", path.c_str(), warning.c_str());
  }
  for (const std::string& error : findings.errors) {
    std::fprintf(stderr, "%s: http.tls: %s\n", path.c_str(), error.c_str());
  }
  return findings.errors.empty() ? 0 : 1;
}

int performWithSettings(const Options& options, const config::StartupSettings& settings, const std::string& version) {
  switch (options.task) {
    case Task::DumpConfig:
      print(config::toYaml(settings));
      return 0;
    case Task::RebuildIndex:
      return rebuildIndexOf(settings);
    case Task::HandOver:
      return askForHandOver(settings);
    case Task::Serve:
      return serve(settings, version);
    default:
      return checkFiles(settings, options.config.value_or(kDefaultConfig));
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
  return settings ? performWithSettings(options, *settings, version) : 1;
}

}  // namespace rha::registryd
