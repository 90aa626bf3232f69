// ConfigReader: where LocalSource has the configs of images from.
//
// Thread-safe; blocking. nullopt: there is none. Throws std::exception with a text for the operator.
#pragma once

#include <optional>
#include <string>

#include "apps/registry-homepage-builder/catalogue.h"
#include "apps/registry-homepage-builder/image_config.h"
#include "client/registry_client.h"
#include "registry/layout.h"
#include "registry/storages.h"

namespace rha::homepage {

class ConfigReader {
 public:
  ConfigReader() = default;
  ConfigReader(const ConfigReader&) = delete;
  ConfigReader& operator=(const ConfigReader&) = delete;
  virtual ~ConfigReader() = default;
  virtual std::optional<std::string> read(const RepositoryName& name, const Digest& digest) = 0;
};

// From the storages themselves: local disks.
class StorageConfigs final : public ConfigReader {
 public:
  // The storages' drivers are borrowed.
  explicit StorageConfigs(registry::Storages storages) : storages_(std::move(storages)) {}
  std::optional<std::string> read(const RepositoryName& name, const Digest& digest) override {
    return storages_.of(name).get(registry::layout::blobData(digest), kLargestConfig);
  }

 private:
  registry::Storages storages_;
};

// As an anonymous client has them from the registry: for a storage that only registryd has the credentials of.
class RegistryConfigs final : public ConfigReader {
 public:
  RegistryConfigs(const client::RegistryAddress& address, unsigned threads)
      : fetcher_({.maxConnections = threads, .maxIdle = threads}), registry_(fetcher_, address, {}) {}
  std::optional<std::string> read(const RepositoryName& name, const Digest& digest) override {
    return registry_.blob(name, digest, kLargestConfig);
  }

 private:
  fetch::Client fetcher_;
  client::RegistryClient registry_;
};

}  // namespace rha::homepage
