// LocalSource: the registry of this host, from its index and its images' configs. registryd may run meanwhile.
//
//   index ── names, tags, manifests, sizes, times, attachments       ConfigReader ── configs: created, labels
//
// Shows what all of the given policies show to an anonymous client: the rules in force, and those that will be.
// Thread-safe as Source says. A config that cannot be read makes its repository fail.
#pragma once

#include <string>
#include <vector>

#include "access/decision.h"
#include "apps/registry-homepage-builder/catalogue.h"
#include "apps/registry-homepage-builder/config_reader.h"
#include "apps/registry-homepage-builder/earlier_site.h"
#include "index/index_reader.h"

namespace rha::homepage {

class LocalSource final : public Source {
 public:
  // `earlier`: where reading a config costs a request (an object store). `index` was opened. `registry` is the name the
  // images are pulled by. Everything but the policies is borrowed.
  LocalSource(index::IndexReader& index, ConfigReader& configs, const std::vector<access::VisibleNamespaces>& policies,
              std::string registry, const EarlierSite* earlier = nullptr);

  std::vector<RepositoryName> repositories() override;
  base::Result<Repository, std::string> read(const RepositoryName& name) override;

 private:
  index::IndexReader& index_;
  ConfigReader& configs_;
  const std::vector<index::Visibility> visibilities_;
  const std::string registry_;
  const EarlierSite* const earlier_;  // may be null
};

}  // namespace rha::homepage
