#include "apps/registry-homepage-builder/local_registry.h"

#include <filesystem>
#include <stdexcept>

#include "access/access_file.h"
#include "access/rule_policy.h"
#include "apps/registry-homepage-builder/local_source.h"
#include "base/files.h"
#include "config/settings_check.h"
#include "storage/filesystem_driver.h"

namespace rha::homepage {
namespace {

namespace fs = std::filesystem;

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

// A local disk is read directly; what lies in an object store is asked of the registry by the name that clients use, so
// that the builder needs no credentials of the store.
struct Configs {
  std::unique_ptr<storage::FilesystemDriver> storage;  // null: over HTTP
  std::unique_ptr<ConfigReader> reader;
};

Configs openConfigs(const config::StartupSettings& settings, unsigned threads) {
  if (settings.storage.driver == "filesystem") {
    auto storage =
        std::make_unique<storage::FilesystemDriver>(storage::FilesystemSettings{settings.storage.filesystem.root});
    storage->open();
    auto reader = std::make_unique<StorageConfigs>(*storage);
    return {std::move(storage), std::move(reader)};
  }
  const auto address = client::RegistryAddress::parse(settings.homepage.registryName);
  if (!address) {
    throw std::runtime_error("storage.driver is \"" + settings.storage.driver +
                             "\", so what images say of themselves is asked of the registry: set "
                             "homepage.registry_name to the name it has for its clients");
  }
  return {nullptr, std::make_unique<RegistryConfigs>(*address, threads)};
}

class LocalRegistry final : public Source {
 public:
  LocalRegistry(const config::StartupSettings& settings, const std::string& registry, unsigned threads,
                const EarlierSite& earlier)
      : configs_(openConfigs(settings, threads)),
        index_(settings.index.path, threads),
        source_(index_, *configs_.reader, policies(settings), registry, configs_.storage ? nullptr : &earlier) {}

  void open() { index_.open(); }
  std::vector<RepositoryName> repositories() override { return source_.repositories(); }
  base::Result<Repository, std::string> read(const RepositoryName& name) override { return source_.read(name); }

 private:
  Configs configs_;
  index::IndexReader index_;
  LocalSource source_;
};

}  // namespace

std::unique_ptr<Source> openLocalRegistry(const config::StartupSettings& settings, const std::string& registry,
                                          unsigned threads, const EarlierSite& earlier) {
  auto local = std::make_unique<LocalRegistry>(settings, registry, threads, earlier);
  local->open();
  return local;
}

}  // namespace rha::homepage
