#include "registry/storages.h"

#include <functional>

#include "base/secret.h"
#include "registry/layout.h"

namespace rha::registry {
namespace {

constexpr std::uint64_t kMaxIdentityBytes = 128;

bool covers(std::string_view nameSpace, std::string_view repository) {
  return repository.starts_with(nameSpace) &&
         (repository.size() == nameSpace.size() || repository[nameSpace.size()] == '/');
}

std::string knownIdentity(storage::StorageDriver& driver) {
  return driver.get(layout::identity(), kMaxIdentityBytes).value_or("");
}

std::string identity(storage::StorageDriver& driver) {
  if (std::string stored = knownIdentity(driver); !stored.empty()) {
    return stored;
  }
  std::string fresh = base::randomUuid();
  driver.put(layout::identity(), fresh, storage::Durability::Durable);
  return fresh;
}

// "ID", and for each other storage " NAME=ID@NAMESPACE,NAMESPACE".
std::string joined(const Storages& storages, const std::function<std::string(storage::StorageDriver&)>& idOf) {
  std::string text;
  for (const Storages::Place& place : storages.all()) {
    const std::string id = idOf(*place.driver);
    if (id.empty()) {
      return "";
    }
    text += place.name.empty() ? id : ' ' + place.name + '=' + id;
    for (std::size_t i = 0; i < place.namespaces.size(); ++i) {
      text += (i == 0 ? '@' : ',') + place.namespaces[i];
    }
  }
  return text;
}

}  // namespace

Storages::Storages(storage::StorageDriver& main) : Storages(main, {}) {}

Storages::Storages(storage::StorageDriver& main, std::vector<Place> others) {
  std::vector<Place> places{{"", {}, &main}};
  for (Place& place : others) {
    places.push_back(std::move(place));
  }
  places_ = std::make_shared<const std::vector<Place>>(std::move(places));
}

const Storages::Place& Storages::placeOf(const oci::RepositoryName& repository) const {
  const Place* found = &places_->front();
  std::size_t longest = 0;
  for (const Place& place : *places_) {
    for (const std::string& nameSpace : place.namespaces) {
      if (nameSpace.size() > longest && covers(nameSpace, repository.text())) {
        found = &place;
        longest = nameSpace.size();
      }
    }
  }
  return *found;
}

std::string identityOf(const Storages& storages) { return joined(storages, identity); }

std::string knownIdentityOf(const Storages& storages) { return joined(storages, knownIdentity); }

}  // namespace rha::registry
