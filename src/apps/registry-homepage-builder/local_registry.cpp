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

class LocalRegistry final : public Source {
 public:
  LocalRegistry(const config::StartupSettings& settings, const std::string& registry, unsigned threads)
      : storage_(storage::FilesystemSettings{settings.storage.filesystem.root}),
        index_(settings.index.path, threads),
        source_(index_, storage_, policies(settings), registry) {}

  void open() {
    index_.open();
    storage_.open();
  }
  std::vector<RepositoryName> repositories() override { return source_.repositories(); }
  base::Result<Repository, std::string> read(const RepositoryName& name) override { return source_.read(name); }

 private:
  storage::FilesystemDriver storage_;
  index::IndexReader index_;
  LocalSource source_;
};

}  // namespace

std::unique_ptr<Source> openLocalRegistry(const config::StartupSettings& settings, const std::string& registry,
                                          unsigned threads) {
  if (settings.storage.driver != "filesystem") {
    throw std::runtime_error("storage.driver is \"" + settings.storage.driver +
                             "\", which no other process can read; name the registry to read it over HTTP");
  }
  auto local = std::make_unique<LocalRegistry>(settings, registry, threads);
  local->open();
  return local;
}

}  // namespace rha::homepage
