// Blobs: the blobs of a repository: look up, read, mount, remove. Uploads are in uploads.h.
//
// A blob is in a repository if its layer link is there and the blob's data are. Decided from the storage alone, never
// from the index or a listing. The data may be read from a cache. Thread-safe; blocking. Storage failures throw
// storage::StorageError.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <vector>

#include "base/body_source.h"
#include "base/clock.h"
#include "base/result.h"
#include "index/index.h"
#include "oci/digest.h"
#include "oci/error_code.h"
#include "oci/names.h"
#include "registry/recent_links.h"
#include "registry/standing.h"
#include "registry/storages.h"
#include "storage/storage_driver.h"

namespace rha::registry {

struct BlobInfo {
  oci::Digest digest;
  std::uint64_t size = 0;
  Standing standing{};                        // of the link; the data stay as long as it
  storage::StorageDriver* storage = nullptr;  // where the data lie; borrowed
};

// What a look at a blob is for. ToStore: whether the storage has it whole, so that nobody need push it. ToRead: its
// size, which a cache may know; a blob that is damaged is there, and reading it will tell.
enum class Look : std::uint8_t { ToStore, ToRead };

class Blobs final {
 public:
  // The storages' drivers and the rest are borrowed. The drivers may be such that keep blobs
  // (storage/caching_driver.h).
  Blobs(Storages storages, index::Index& index, const base::Clock& clock);

  // BLOB_UNKNOWN if the repository has no such blob.
  base::Result<BlobInfo, oci::Error> stat(const oci::RepositoryName& repository, const oci::Digest& digest,
                                          Look look = Look::ToStore);

  // Opens the blob, or a part of it that lies within info.size; `info` is stat()'s. BLOB_UNKNOWN if it has gone since.
  // Throws StorageError(Corrupt), here or while it is read, if it is damaged.
  base::Result<std::unique_ptr<base::BodySource>, oci::Error> open(const BlobInfo& info,
                                                                   std::optional<storage::ByteRange> range);

  // Makes a blob of `from` a blob of `repository` too. False, and no change, if `from` does not have it. Where the two
  // lie in different storages its data are copied, which takes as long as a push of it.
  // Precondition: access to both was decided.
  bool mount(const oci::RepositoryName& repository, const oci::Digest& digest, const oci::RepositoryName& from);

  // Records that the repository has the blob: the layer link, then the index. Precondition: the data are stored.
  void link(const oci::RepositoryName& repository, const oci::Digest& digest);

  // Repositories that may have the blob, the likeliest first, at most about `limit`: where to mount it from.
  std::vector<oci::RepositoryName> mayBeIn(const oci::Digest& digest, std::uint64_t limit);

  // While it lives, nothing that a check found damaged is removed from storage by this process. Held by whoever stores
  // data and then the link to them, across both. Any number at once.
  [[nodiscard]] std::shared_lock<std::shared_timed_mutex> keepData() { return std::shared_lock(removal_); }
  // For a check that looks at data once more and then removes them: nobody else is between the two meanwhile. False
  // where that cannot be had soon: pushes are at it.
  [[nodiscard]] std::unique_lock<std::shared_timed_mutex> beforeRemoval();

  // Takes the blob out of the repository; its data stay for others and for garbage collection.
  base::Result<void, oci::Error> remove(const oci::RepositoryName& repository, const oci::Digest& digest);

 private:
  bool isListed(const oci::RepositoryName& repository);

  Storages storages_;
  index::Index& index_;
  const base::Clock& clock_;
  RecentLinks recent_;
  std::shared_timed_mutex removal_;  // held across I/O: that is its purpose
};

}  // namespace rha::registry
