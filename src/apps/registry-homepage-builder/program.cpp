#include "apps/registry-homepage-builder/program.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "apps/registry-homepage-builder/earlier_site.h"
#include "apps/registry-homepage-builder/local_registry.h"
#include "apps/registry-homepage-builder/registry_source.h"
#include "apps/registry-homepage-builder/site_build.h"
#include "base/files.h"
#include "config/settings_check.h"

namespace rha::homepage {
namespace {

namespace fs = std::filesystem;

constexpr int kImagesFailed = 3;
constexpr std::uint64_t kLargestStyleSheet = 1024 * 1024;
constexpr std::uint64_t kLargestDockerConfig = 1024 * 1024;
constexpr unsigned kMostThreads = 8;  // beyond, the disk is what is waited for

config::StartupSettings readSettings(const Options& options) {
  if (!options.config && !fs::exists(kDefaultConfig)) {
    return {};
  }
  const fs::path path = options.config.value_or(kDefaultConfig);
  // Addresses and networks are the daemon's business.
  const auto any = [](std::string_view) { return std::nullopt; };
  auto settings = config::loadSettings(path, {.address = any, .network = any});
  if (!settings) {
    throw std::runtime_error(config::toText(path, settings.error().front()));
  }
  return *std::move(settings);
}

std::string hostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data() : "localhost";
}

base::Logger makeLogger(const Options& options) {
  return base::Logger({.descriptor = STDERR_FILENO,
                       .level = options.debug ? base::LogLevel::Debug : base::LogLevel::Info,
                       .systemdPrefix = std::getenv("JOURNAL_STREAM") != nullptr});
}

BuildSettings buildSettings(const Options& options, const std::string& name, unsigned threads) {
  BuildSettings settings{.site = {name}, .styleSheet = std::nullopt, .threads = threads};
  if (options.css) {
    settings.styleSheet = base::readFile(*options.css, kLargestStyleSheet);
    if (!settings.styleSheet) {
      throw std::runtime_error("--css: there is no file " + options.css->string());
    }
  }
  return settings;
}

// As docker and podman find it.
std::string dockerConfig() {
  const char* folder = std::getenv("DOCKER_CONFIG");
  const char* home = std::getenv("HOME");
  if (folder == nullptr && home == nullptr) {
    return {};
  }
  const fs::path file = (folder != nullptr ? fs::path(folder) : fs::path(home) / ".docker") / "config.json";
  return base::readFile(file, kLargestDockerConfig).value_or("");
}

std::unique_ptr<Source> openRegistries(const Options& options, const EarlierSite& earlier) {
  RegistrySourceSettings settings{.registries = {},
                                  .dockerConfig = dockerConfig(),
                                  .name = options.name,
                                  .requests = options.requests,
                                  .earlier = &earlier,
                                  .http = {}};
  for (const std::string& text : options.registries) {
    auto address = client::RegistryAddress::parse(text);
    if (!address) {
      throw std::runtime_error(address.error());
    }
    settings.registries.push_back(*std::move(address));
  }
  return std::make_unique<RegistrySource>(settings);
}

// The build by a plan: what it is of, and where it goes.
struct Plan {
  std::optional<config::StartupSettings> settings;  // of the registry of this host; nullopt: others, over HTTP
  std::string name;                                 // of the site
  fs::path path;
  unsigned threads = 1;
};

Plan localPlan(const Options& options) {
  Plan plan{.settings = readSettings(options), .name = options.name, .path = {}, .threads = 1};
  const config::HomepageSettings& homepage = plan.settings->homepage;
  if (plan.name.empty()) {
    plan.name = homepage.registryName.empty() ? hostName() : homepage.registryName;
  }
  plan.path = options.path.value_or(homepage.path);
  plan.threads = std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads);
  if (plan.path.empty()) {
    throw std::runtime_error("homepage.path is empty, so there is no homepage; set it, or name a PATH");
  }
  return plan;
}

Plan remotePlan(const Options& options) {
  const auto first = client::RegistryAddress::parse(options.registries.front());
  if (!first) {
    throw std::runtime_error(first.error());
  }
  return {.settings = std::nullopt,
          .name = options.name.empty() ? first->host() : options.name,
          .path = *options.path,
          .threads = options.requests};
}

int build(const Options& options) {
  const base::SystemClock clock;
  const base::Logger logger = makeLogger(options);
  const Plan plan = options.registries.empty() ? localPlan(options) : remotePlan(options);
  const BuildSettings settings = buildSettings(options, plan.name, plan.threads);
  SiteTree tree(plan.path, options.takeover);
  tree.begin();
  const EarlierSite earlier([&tree](const std::string& path) { return tree.before(path); });
  const auto source = plan.settings ? openLocalRegistry(*plan.settings, plan.name, plan.threads, earlier, logger)
                                    : openRegistries(options, earlier);
  const auto begun = clock.steady();
  const BuildReport report = buildSite(*source, tree, settings, clock, logger);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(clock.steady() - begun);
  logger.info("site_built", {{"path", plan.path.string()},
                             {"images", report.images},
                             {"tags", report.tags},
                             {"failed", report.failed},
                             {"files_written", report.files.written},
                             {"files_unchanged", report.files.unchanged},
                             {"ms", took.count()}});
  return report.failed == 0 ? 0 : kImagesFailed;
}

}  // namespace

int perform(const Options& options, const std::string& version) {
  switch (options.task) {
    case Task::Help:
      std::fputs(helpText().c_str(), stdout);
      return 0;
    case Task::ManPage:
      std::fputs(manPage().c_str(), stdout);
      return 0;
    case Task::Version:
      std::puts(("registry-homepage-builder " + version).c_str());
      return 0;
    case Task::Build:
      break;
  }
  return build(options);
}

}  // namespace rha::homepage
