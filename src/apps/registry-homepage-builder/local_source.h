// LocalSource: the registry of this host, from its index and its storage. registryd may run meanwhile, and need not.
//
//   index ── names, tags, manifests, sizes, times, attachments       storage ── configs: created, labels
//
// Shows what all of the given policies show to an anonymous client: the rules in force, and those that will be.
// Thread-safe as Source says. A config that cannot be read makes its repository fail.
#pragma once

#include <string>
#include <vector>

#include "access/decision.h"
#include "apps/registry-homepage-builder/catalogue.h"
#include "index/index_reader.h"
#include "storage/storage_driver.h"

namespace rha::homepage {

class LocalSource final : public Source {
 public:
  // `index` was opened. `registry` is the name the images are pulled by. Everything but the policies is borrowed.
  LocalSource(index::IndexReader& index, storage::StorageDriver& storage,
              std::vector<access::VisibleNamespaces> policies, std::string registry);

  std::vector<RepositoryName> repositories() override;
  base::Result<Repository, std::string> read(const RepositoryName& name) override;

 private:
  index::IndexReader& index_;
  storage::StorageDriver& storage_;
  const std::vector<index::Visibility> visibilities_;
  const std::string registry_;
};

}  // namespace rha::homepage
