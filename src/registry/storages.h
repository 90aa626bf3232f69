// Storages: which storage a repository lies in. One of them is the main one; the others take the namespaces that the
// settings give them ("restricted" covers the repository "restricted" and all below it; the longest one decides).
//
// A repository's links, manifests and blobs lie together in its storage, each of which has the whole layout
// (layout.h), so that each can be taken over from an old registry, or given back, by itself. The journal and the
// identity of an index lie in the main one.
// A small value that borrows the drivers; immutable, so thread-safe. Never fails.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "oci/names.h"
#include "storage/storage_driver.h"

namespace rha::registry {

class Storages final {
 public:
  struct Place {
    std::string name;  // "" for the main one
    std::vector<std::string> namespaces;
    storage::StorageDriver* driver = nullptr;  // never null
  };

  // Everything in one: not explicit, since that is the rule.
  Storages(storage::StorageDriver& main);  // NOLINT(google-explicit-constructor)
  Storages(storage::StorageDriver& main, std::vector<Place> others);

  [[nodiscard]] storage::StorageDriver& main() const { return *places_->front().driver; }
  [[nodiscard]] storage::StorageDriver& of(const oci::RepositoryName& repository) const {
    return *placeOf(repository).driver;
  }
  [[nodiscard]] const Place& placeOf(const oci::RepositoryName& repository) const;
  // The main one first.
  [[nodiscard]] const std::vector<Place>& all() const { return *places_; }

 private:
  std::shared_ptr<const std::vector<Place>> places_;  // shared by the copies; never changes
};

// Tells whether an index belongs to these storages: the main one's identity, with those of the others and what they
// take. Made at the first call where there is none yet.
std::string identityOf(const Storages& storages);
// As above without writing: "" if one of them has none yet.
std::string knownIdentityOf(const Storages& storages);

}  // namespace rha::registry
