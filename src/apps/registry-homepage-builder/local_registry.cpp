#include "apps/registry-homepage-builder/local_registry.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <vector>

#include "access/access_file.h"
#include "access/rule_policy.h"
#include "apps/registry-homepage-builder/local_source.h"
#include "base/files.h"
#include "config/settings_check.h"
#include "storage/filesystem_driver.h"

namespace rha::homepage {
namespace {

namespace fs = std::filesystem;

// Less than the unit's TimeoutStartSec, so that what is said is what was waited for.
constexpr std::chrono::minutes kIndexPatience{20};
constexpr std::chrono::milliseconds kIndexLook{500};

// What an anonymous client sees by the rules in a file; nullopt if it is not there or has errors.
std::optional<access::VisibleNamespaces> visibleBy(const fs::path& file) {
  const auto text = base::readFile(file, access::kLargestAccessFile);
  if (!text) {
    return std::nullopt;
  }
  auto document = access::parseAccess(*text);
  if (!document) {
    return std::nullopt;
  }
  return access::RulePolicy(*std::move(document)).visibleTo(access::Principal{});
}

// The rules in force (as registryd keeps them) and those in the file, which come into force next.
std::vector<access::VisibleNamespaces> policies(const config::StartupSettings& settings) {
  std::vector<access::VisibleNamespaces> list;
  if (settings.access.file.empty()) {
    return list;
  }
  const fs::path inForce = fs::path(settings.index.path).parent_path() / "access-last-good.yaml";
  for (const fs::path& file : {fs::path(settings.access.file), inForce}) {
    if (auto visible = visibleBy(file)) {
      list.push_back(std::move(*visible));
    }
  }
  if (list.empty()) {
    throw std::runtime_error("access rules: " + settings.access.file +
                             " cannot be used, and there are none in force; without rules it is not known what may be "
                             "shown (docker-registryctl check-access says what is wrong)");
  }
  return list;
}

// Local disks are read directly; where one of the storages is an object store, the registry is asked by the name that
// clients use, so that the builder needs no credentials of the store.
struct Configs {
  std::vector<std::unique_ptr<storage::FilesystemDriver>> storages;  // none: over HTTP
  std::unique_ptr<ConfigReader> reader;
};

std::unique_ptr<storage::FilesystemDriver> openFolder(const config::StorageSettings& settings) {
  auto storage = std::make_unique<storage::FilesystemDriver>(storage::FilesystemSettings{settings.filesystem.root});
  storage->open();
  return storage;
}

Configs openFolders(const config::StartupSettings& settings) {
  Configs configs;
  configs.storages.push_back(openFolder(settings.storage));
  std::vector<registry::Storages::Place> others;
  for (const config::StorageRoute& route : settings.storageRoutes) {
    configs.storages.push_back(openFolder(route.storage));
    others.push_back({route.name, route.namespaces, configs.storages.back().get()});
  }
  configs.reader = std::make_unique<StorageConfigs>(registry::Storages(*configs.storages.front(), std::move(others)));
  return configs;
}

// The first driver that is no local folder; "" if there is none.
std::string objectStore(const config::StartupSettings& settings) {
  std::vector<std::string> drivers{settings.storage.driver};
  for (const config::StorageRoute& route : settings.storageRoutes) {
    drivers.push_back(route.storage.driver);
  }
  const auto found =
      std::find_if(drivers.begin(), drivers.end(), [](const auto& name) { return name != "filesystem"; });
  return found == drivers.end() ? "" : *found;
}

Configs openConfigs(const config::StartupSettings& settings, unsigned threads) {
  const std::string store = objectStore(settings);
  if (store.empty()) {
    return openFolders(settings);
  }
  const auto address = client::RegistryAddress::parse(settings.homepage.registryName);
  if (!address) {
    throw std::runtime_error("storage.driver is \"" + store +
                             "\", so what images say of themselves is asked of the registry: set "
                             "homepage.registry_name to the name it has for its clients");
  }
  return {{}, std::make_unique<RegistryConfigs>(*address, threads)};
}

class LocalRegistry final : public Source {
 public:
  LocalRegistry(const config::StartupSettings& settings, const std::string& registry, unsigned threads,
                const EarlierSite& earlier)
      : configs_(openConfigs(settings, threads)),
        index_(settings.index.path, threads),
        source_(index_, *configs_.reader, policies(settings), registry,
                configs_.storages.empty() ? &earlier : nullptr) {}

  // After the first start, or when the index was lost, registryd makes it for a while. Who waits for the site wants it
  // then, and not an hour later; but where nothing makes the index, somebody has to be told.
  void open(const base::Logger& logger) {
    const auto deadline = std::chrono::steady_clock::now() + kIndexPatience;
    for (bool first = true;; first = false) {
      try {
        return index_.open();
      } catch (const index::IndexIncomplete& incomplete) {
        if (std::chrono::steady_clock::now() >= deadline) {
          throw;
        }
        if (first) {
          logger.info("index_awaited", {{"reason", incomplete.what()}});
        }
      }
      std::this_thread::sleep_for(kIndexLook);
    }
  }
  std::vector<RepositoryName> repositories() override { return source_.repositories(); }
  base::Result<Repository, std::string> read(const RepositoryName& name) override { return source_.read(name); }

 private:
  Configs configs_;
  index::IndexReader index_;
  LocalSource source_;
};

}  // namespace

std::unique_ptr<Source> openLocalRegistry(const config::StartupSettings& settings, const std::string& registry,
                                          unsigned threads, const EarlierSite& earlier, const base::Logger& logger) {
  auto local = std::make_unique<LocalRegistry>(settings, registry, threads, earlier);
  local->open(logger);
  return local;
}

}  // namespace rha::homepage
