// IndexBuilder: fills an index from what lies in storage: repositories, manifests, tags; then history, actors and push
// times from the journal. Also removes abandoned uploads, as it walks by.
//
// Called on one thread of its own at start or by `registryd --rebuild-index`; pulls and pushes go on meanwhile.
// Throws storage::StorageError and index::IndexError; a damaged repository is logged, counted and skipped.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "index/index.h"
#include "oci/names.h"
#include "registry/keyed_mutex.h"
#include "storage/storage_driver.h"

namespace rha::registry {

struct BuildProgress {
  std::atomic<std::uint64_t> repositories{0};
  std::atomic<std::uint64_t> manifests{0};
  std::atomic<std::uint64_t> tags{0};
  std::atomic<std::uint64_t> problems{0};
};

// What the journal knows and the layout of 2.8 cannot keep. Held in memory during a build: about 200 bytes a record.
struct JournalFacts {
  std::map<std::pair<std::string, std::string>, base::WallTime> pushed;  // (repository, digest) -> first push
  // repository -> tag -> its events by time
  std::map<std::string, std::map<std::string, std::vector<index::TagEvent>>> events;
};

class IndexBuilder final {
 public:
  // All borrowed.
  IndexBuilder(storage::StorageDriver& driver, KeyedMutex& turns, const base::Logger& logger,
               std::uint64_t maxManifestBytes);

  // Reads everything into `index`, which is empty but for what pushes write meanwhile: each repository is
  // read within its turn. Returns false if `stop` became true before the end.
  bool build(index::Index& index, BuildProgress& progress, const std::atomic<bool>& stop);

  // Makes the rows of one repository what its storage says, keeping the history that the index has; without `facts`,
  // a tag found changed gets an event without an actor. Precondition: the repository's turn is held.
  void buildRepository(index::Index& index, const oci::RepositoryName& repository, const JournalFacts* facts,
                       BuildProgress& progress);

  // Calls `visit` for every repository in storage (a folder with _layers, _manifests or _uploads in it) until it
  // returns false.
  void forEachRepository(const std::function<bool(const oci::RepositoryName&)>& visit);

 private:
  void readManifests(index::Index& index, const oci::RepositoryName& repository, const JournalFacts* facts,
                     BuildProgress& progress);
  void readTags(index::Index& index, const oci::RepositoryName& repository, const JournalFacts* facts,
                BuildProgress& progress);
  [[nodiscard]] bool inStorage(const oci::RepositoryName& repository);

  storage::StorageDriver& driver_;
  KeyedMutex& turns_;
  const base::Logger& logger_;
  std::uint64_t maxManifestBytes_;
};

// The storage's identity: read, or made at the first call. An index that carries another one is not of this storage.
std::string storageIdentity(storage::StorageDriver& driver);

}  // namespace rha::registry
