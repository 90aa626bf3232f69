// IndexBuilder: fills an index from what lies in storage: repositories, manifests, tags; then history, actors and push
// times from the journal. Also removes abandoned uploads, as it walks by.
//
// Called on one thread of its own at start or by `registryd --rebuild-index`; pulls and pushes go on meanwhile. Where
// each look is a request to an object store, build() has several repositories read at once, and of each several
// objects, on threads that end with it. Throws storage::StorageError and index::IndexError; a damaged repository is
// logged, counted and skipped.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "index/index.h"
#include "oci/names.h"
#include "registry/crew.h"
#include "registry/journal_facts.h"
#include "registry/storages.h"
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
  // The storages' drivers and the logger are borrowed.
  IndexBuilder(Storages storages, const base::Logger& logger, std::uint64_t maxManifestBytes);

  // Reads everything into `index`, which is empty but for what pushes write meanwhile. Those win (index/rebuild.h), so
  // that no push has to wait for its repository to be read. Returns false if `stop` became true before the end.
  bool build(index::Index& index, BuildProgress& progress, const std::atomic<bool>& stop);

  // Makes the rows of one repository what its storage says, keeping the history that the index has: a tag found changed
  // gets an event without an actor. Precondition: the repository's turn is held.
  void rebuildRepository(index::Index& index, const oci::RepositoryName& repository);

  // Calls `visit` for every repository in its storage (a folder with _layers, _manifests or _uploads in it) until it
  // returns false. What lies in a storage that its namespace does not go to is not served, and not visited.
  void forEachRepository(const std::function<bool(const oci::RepositoryName&)>& visit);

 private:
  using Visitor = std::function<bool(const oci::RepositoryName&)>;
  // `misplaced` is told of the repositories that lie in another storage than they are served from.
  void walk(const Visitor& visit,
            const std::function<void(const Storages::Place&, const oci::RepositoryName&)>& misplaced);
  void warnOfMisplaced(const Storages::Place& place, const oci::RepositoryName& repository, BuildProgress& progress);
  // One repository being read, by one thread and the crew that helps it.
  struct Reading {
    index::Index& index;
    const oci::RepositoryName& repository;
    const JournalFacts* facts;  // null: the index keeps its own
    BuildProgress& progress;
    Crew& crew;
  };
  bool readAll(index::Index& index, const JournalFacts& facts, BuildProgress& progress, const std::atomic<bool>& stop);
  void readRepository(const Reading& reading);
  void readRepositoryOrMark(const Reading& reading);
  std::set<oci::Digest> readManifests(const Reading& reading);
  std::optional<index::ManifestRow> readRow(const Reading& reading, const oci::Digest& digest);
  void addHistory(const Reading& reading, const std::set<oci::Digest>& manifests);
  std::map<oci::Tag, index::TagRow> readTags(const Reading& reading, const std::set<oci::Digest>& manifests);
  std::optional<index::TagRow> readTag(const Reading& reading, const oci::Tag& tag, oci::HashAlgorithm algorithm,
                                       const std::set<oci::Digest>& manifests);
  static void removeOthers(index::Index& index, const oci::RepositoryName& repository,
                           const std::set<oci::Digest>& manifests, const std::map<oci::Tag, index::TagRow>& tags);
  [[nodiscard]] bool inStorage(const oci::RepositoryName& repository);

  Storages storages_;
  const base::Logger& logger_;
  std::uint64_t maxManifestBytes_;
};

}  // namespace rha::registry
