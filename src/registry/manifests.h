// Manifests: the manifests and tags of a repository: push, pull, delete (OCI distribution-spec 1.1.1).
//
// A manifest is in a repository if its revision link is there; a tag points at what its current link says. Decided from
// the storage alone. Order of writes of a push: journal record, blob data, revision link, tag index link, tag current
// link, index; of a delete: journal record, revision link or current link, the rest, index: whatever is cut off leaves
// the old state or the new one, and nothing that points at nothing.
// Writes to one repository take turns. Thread-safe; blocking. Storage failures throw storage::StorageError; an index
// that cannot be written only marks the repository dirty.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "index/index.h"
#include "oci/digest.h"
#include "oci/error_code.h"
#include "oci/manifest.h"
#include "oci/names.h"
#include "registry/actor.h"
#include "registry/blobs.h"
#include "registry/condition.h"
#include "registry/journal.h"
#include "registry/keyed_mutex.h"
#include "registry/manifest_memory.h"
#include "registry/manifest_reader.h"
#include "registry/standing.h"
#include "registry/storages.h"
#include "storage/storage_driver.h"

namespace rha::registry {

struct StoredManifest {
  oci::Digest digest;
  std::string mediaType;
  std::shared_ptr<const std::string> bytes;  // shared with caches and responses
  Standing standing{};                       // of the tag, if one was asked for, and of the manifest
};

struct ManifestPush {
  const oci::RepositoryName& repository;
  const oci::Reference& reference;
  std::vector<oci::Tag> moreTags;  // ?tag= with a push by digest
  std::string_view contentType;
  std::string_view bytes;
  const Actor& actor;
  Condition condition{};  // on what `reference` stands for
};

struct PushedManifest {
  oci::Digest digest;
  std::optional<oci::Digest> subject;
};

class Manifests final {
 public:
  // The storages' drivers and the rest are borrowed. `maxManifestBytes` bounds what is read, too.
  Manifests(Storages storages, index::Index& index, Blobs& blobs, Journal& journal, KeyedMutex& turns,
            const base::Clock& clock, const base::Logger& logger, std::uint64_t maxManifestBytes);

  // MANIFEST_UNKNOWN if there is none of that tag or digest.
  base::Result<StoredManifest, oci::Error> get(const oci::RepositoryName& repository, const oci::Reference& reference);

  // What a tag points at; nullopt if there is no such tag, or its manifest is gone.
  std::optional<oci::Digest> resolve(const oci::RepositoryName& repository, const oci::Tag& tag);

  // Stores the bytes as they are. MANIFEST_INVALID, DIGEST_INVALID, MANIFEST_BLOB_UNKNOWN (config or layers that the
  // repository lacks, but for non-distributable ones; an index may be sparse; a missing subject is accepted),
  // PRECONDITION_FAILED.
  base::Result<PushedManifest, oci::Error> put(const ManifestPush& push);

  // Removes the tag only. MANIFEST_UNKNOWN, PRECONDITION_FAILED.
  base::Result<void, oci::Error> removeTag(const oci::RepositoryName& repository, const oci::Tag& tag,
                                           const Actor& actor, const Condition& condition = {});
  // Removes the manifest from the repository and every tag that points at it. MANIFEST_UNKNOWN, PRECONDITION_FAILED.
  base::Result<void, oci::Error> removeManifest(const oci::RepositoryName& repository, const oci::Digest& digest,
                                                const Actor& actor, const Condition& condition = {});

  // To be called before each removal of a manifest, without a lock held: on shared storage it brings the index, which
  // knows the tags that point there, up to what other nodes have written. Set before the first request.
  void beforeRemoval(std::function<void()> catchUp) { beforeRemoval_ = std::move(catchUp); }

  // What is read from shared storage is kept there. Borrowed; set before the first request.
  void keepReadIn(ManifestMemory& memory) { memory_ = &memory; }

  // Reads a repository's manifests and tags from storage into the index again (after a failed index write). `events`
  // are what the journal has of its tags and the index may lack, oldest first.
  void reindex(const oci::RepositoryName& repository, const std::vector<index::TagEvent>& events = {});

 private:
  // The memory for manifests of the repository; null for none.
  [[nodiscard]] ManifestMemory* memoryOf(const oci::RepositoryName& repository) const;
  // Counts a change of the revision link, or of what the manifest is served as, where it may be kept.
  [[nodiscard]] storage::ChangeCounters::Change changingManifest(const oci::RepositoryName& repository,
                                                                 const std::string& revision) const;
  // The manifest whose revision link is at `revision`, from memory where that will do; nullopt: the repository has
  // none. `byTag`: a tag was just seen to point at it.
  std::optional<ReadManifest> read(const oci::RepositoryName& repository, const oci::Digest& digest,
                                   const std::string& revision, bool byTag);
  std::optional<ReadManifest> readFromStorage(const oci::RepositoryName& repository, const oci::Digest& digest);
  base::Result<void, oci::Error> checkReferences(const oci::RepositoryName& repository, const oci::Manifest& manifest);
  // The writes of a push, in order. Precondition: the repository's turn is held.
  void store(const ManifestPush& push, const oci::Manifest& manifest, const oci::Digest& digest,
             const std::vector<oci::Tag>& tags);
  void writeTag(const oci::RepositoryName& repository, const oci::Tag& tag, const oci::Digest& digest);
  // On shared storage another node may have removed the manifest meanwhile, and its tags before these were there: they
  // go with it, or they would come back with the manifest. False then.
  bool stillStands(const oci::RepositoryName& repository, const oci::Digest& digest, const std::vector<oci::Tag>& tags);
  void dropTag(const oci::RepositoryName& repository, const oci::Tag& tag);
  // What a tag's changes are counted by, in whichever tree its links lie.
  static std::string tagKey(const oci::RepositoryName& repository, const oci::Tag& tag);
  std::optional<oci::Digest> readTag(const oci::RepositoryName& repository, const oci::Tag& tag);
  // The tag's digest, or the digest itself; nullopt if the repository has no such manifest now.
  std::optional<oci::Digest> currentDigest(const oci::RepositoryName& repository, const oci::Reference& reference);
  // All tags that point at the digest, and perhaps others.
  std::vector<oci::Tag> mayPointAt(const oci::RepositoryName& repository, const oci::Digest& digest);
  void replay(const oci::RepositoryName& repository, const std::vector<index::TagEvent>& events);
  // Runs `write`, and settles the journal's records unless neither that nor a dirty mark could be written.
  template <typename Write>
  void toIndex(const oci::RepositoryName& repository, const std::vector<std::uint64_t>& records, Write&& write);

  [[nodiscard]] storage::StorageDriver& storageOf(const oci::RepositoryName& repository) const {
    return storages_.of(repository);
  }

  Storages storages_;
  index::Index& index_;
  Blobs& blobs_;
  Journal& journal_;
  KeyedMutex& turns_;  // by repository name
  const base::Clock& clock_;
  const base::Logger& logger_;
  std::uint64_t maxManifestBytes_;
  std::function<void()> beforeRemoval_;
  ManifestMemory* memory_ = nullptr;  // null: nothing is kept
};

// The index's row for a manifest.
index::ManifestRow toRow(const oci::Digest& digest, const oci::Manifest& manifest, std::uint64_t size,
                         base::WallTime pushedAt);
// Of one that was read from storage; what cannot be understood of it has no references.
index::ManifestRow toRow(const oci::Digest& digest, const ReadManifest& manifest, base::WallTime pushedAt);

}  // namespace rha::registry
