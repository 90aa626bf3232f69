// RegistrySource: registries read over HTTP. Shows what they show to an anonymous client.
//
//   catalogue (with the credentials there are) ── names ── tags, manifests, configs, referrers (anonymous)
//
// A repository that is in several registries is read from the first. A registry that cannot be listed ends the build:
// the pages of its images must not go because it is away for a while. Thread-safe as Source says.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apps/registry-homepage-builder/catalogue.h"
#include "apps/registry-homepage-builder/earlier_site.h"
#include "client/registry_client.h"
#include "fetch/client.h"

namespace rha::homepage {

struct RegistrySourceSettings {
  std::vector<client::RegistryAddress> registries;
  std::string dockerConfig;              // text of ~/.docker/config.json; empty: none
  std::string name;                      // that images are pulled by; empty: the registry's own
  std::size_t requests = 8;              // at once
  const EarlierSite* earlier = nullptr;  // borrowed; may be null
  client::ClientSettings http;           // without credentials
};

class RegistrySource final : public Source {
 public:
  // Throws std::runtime_error if dockerConfig is no such file.
  explicit RegistrySource(const RegistrySourceSettings& settings);
  RegistrySource(const RegistrySource&) = delete;
  RegistrySource& operator=(const RegistrySource&) = delete;
  ~RegistrySource() override;

  std::vector<RepositoryName> repositories() override;
  base::Result<Repository, std::string> read(const RepositoryName& name) override;
  [[nodiscard]] std::vector<std::string> failures() const override { return failures_; }

 private:
  struct Registry;

  void list(Registry& registry);

  std::string name_;
  const EarlierSite* earlier_;
  fetch::Client fetcher_;
  std::vector<std::unique_ptr<Registry>> registries_;
  std::map<std::string, Registry*> homes_;  // filled before read() is called
  std::vector<std::string> failures_;
};

}  // namespace rha::homepage
