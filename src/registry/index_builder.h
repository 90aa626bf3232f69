// IndexBuilder: fills an index from what lies in storage: repositories, manifests, tags; then history, actors and push
// times from the journal. Also removes abandoned uploads, as it walks by.
//
// Called on one thread of its own at start or by `registryd --rebuild-index`; pulls and pushes go on meanwhile.
// Throws storage::StorageError and index::IndexError; a damaged repository is logged, counted and skipped.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "base/log.h"
#include "index/index.h"
#include "oci/names.h"
#include "storage/storage_driver.h"

namespace rha::registry {

struct BuildProgress {
  std::atomic<std::uint64_t> repositories{0};
  std::atomic<std::uint64_t> manifests{0};
  std::atomic<std::uint64_t> tags{0};
  std::atomic<std::uint64_t> problems{0};
};

class IndexBuilder final {
 public:
  // All borrowed.
  IndexBuilder(storage::StorageDriver& driver, const base::Logger& logger, std::uint64_t maxManifestBytes);

  // Reads everything into `index`. Returns false if `stop` became true before the end.
  bool build(index::Index& index, BuildProgress& progress, const std::atomic<bool>& stop);

  // Reads one repository into `index`, replacing what was there.
  void buildRepository(index::Index& index, const oci::RepositoryName& repository, BuildProgress& progress);

  // Calls `visit` for every repository in storage (a folder with _layers, _manifests or _uploads in it).
  void forEachRepository(const std::function<bool(const oci::RepositoryName&)>& visit);

 private:
  void readManifests(index::Index& index, const oci::RepositoryName& repository, BuildProgress& progress);
  void readTags(index::Index& index, const oci::RepositoryName& repository, BuildProgress& progress);

  storage::StorageDriver& driver_;
  const base::Logger& logger_;
  std::uint64_t maxManifestBytes_;
};

// The storage's identity: read, or made at the first call. An index that carries another one is not of this storage.
std::string storageIdentity(storage::StorageDriver& driver);

}  // namespace rha::registry
