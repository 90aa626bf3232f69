#include "apps/registry-homepage-builder/program.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

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

std::unique_ptr<Source> openRegistries(const Options& options) {
  RegistrySourceSettings settings{
      .registries = {}, .dockerConfig = dockerConfig(), .name = options.name, .requests = options.requests, .http = {}};
  for (const std::string& text : options.registries) {
    auto address = client::RegistryAddress::parse(text);
    if (!address) {
      throw std::runtime_error(address.error());
    }
    settings.registries.push_back(*std::move(address));
  }
  return std::make_unique<RegistrySource>(settings);
}

// What is built, and from what.
struct Work {
  std::unique_ptr<Source> source;
  std::string name;  // of the site
  fs::path path;
  unsigned threads = 1;
};

Work localWork(const Options& options) {
  const config::StartupSettings settings = readSettings(options);
  const std::string& configured = settings.homepage.registryName;
  Work work{.source = nullptr,
            .name = !options.name.empty() ? options.name
                    : configured.empty()  ? hostName()
                                          : configured,
            .path = options.path.value_or(settings.homepage.path),
            .threads = std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads)};
  if (work.path.empty()) {
    throw std::runtime_error("homepage.path is empty, so there is no homepage; set it, or name a PATH");
  }
  work.source = openLocalRegistry(settings, work.name, work.threads);
  return work;
}

Work remoteWork(const Options& options) {
  Work work{
      .source = openRegistries(options), .name = options.name, .path = *options.path, .threads = options.requests};
  if (work.name.empty()) {
    work.name = client::RegistryAddress::parse(options.registries.front())->host();
  }
  return work;
}

int build(const Options& options) {
  const base::SystemClock clock;
  const base::Logger logger = makeLogger(options);
  const Work work = options.registries.empty() ? localWork(options) : remoteWork(options);
  const BuildSettings settings = buildSettings(options, work.name, work.threads);
  SiteTree tree(work.path, options.takeover);
  tree.begin();
  const auto begun = clock.steady();
  const BuildReport report = buildSite(*work.source, tree, settings, clock, logger);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(clock.steady() - begun);
  logger.info("site_built", {{"path", work.path.string()},
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
