// StorageCheck: looks whether all that lies in storage fits together, and mends what it may (docker-registryctl fsck).
//
// Storage by storage, each being whole in itself. Repository by repository: links, manifests and what they refer to,
// tags, uploads; each blob's data when it is met first. Then all blobs of the storage that were not met, and those that
// the index knows; then segments that none of them names. What seems wrong is looked at again within the repository's
// turn before it counts, so that no push or delete under way is taken for damage, and again before it is mended. What
// it knows lies in a CheckLedger, so memory stays small and a check may go on where another one stopped.
//
// One thread, one check at a time. Failure: a part that cannot be read is a finding (Unchecked) and the rest goes on;
// only a ledger that cannot be written throws (index::IndexError).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "index/check_ledger.h"
#include "index/index.h"
#include "oci/names.h"
#include "registry/blobs.h"
#include "registry/check_finding.h"
#include "registry/check_looks.h"
#include "registry/check_mender.h"
#include "registry/check_segments.h"
#include "registry/index_builder.h"
#include "registry/journal.h"
#include "registry/keyed_mutex.h"
#include "registry/storages.h"
#include "registry/uploads.h"
#include "storage/storage_driver.h"

namespace rha::registry {

struct CheckOptions {
  bool readAll = false;  // read and hash every blob
  Mending mending = Mending::Nothing;
  std::vector<oci::RepositoryName> only{};  // empty: all repositories, and what belongs to none
  // A blob that nothing refers to may be on its way into an image for so long. Segments: at least for so long, or as
  // an upload may stand still (Uploads::purgeAfter()), on their way into a blob.
  std::chrono::hours orphanAge{24};
};

struct CheckProgress {
  std::atomic<std::uint64_t> repositories{0};
  std::atomic<std::uint64_t> tags{0};
  std::atomic<std::uint64_t> manifests{0};
  std::atomic<std::uint64_t> blobs{0};  // whose data were looked at
  std::atomic<std::uint64_t> blobBytes{0};
  std::atomic<std::uint64_t> bytesRead{0};
  std::atomic<std::uint64_t> findings{0};
  std::atomic<bool> atBlobs{false};     // the repositories are done
  std::atomic<bool> atSegments{false};  // so are the blobs of the storage at hand
};

class StorageCheck final {
 public:
  // All borrowed but the storages.
  struct Parts {
    Storages storages;
    index::Index& index;
    Blobs& blobs;
    Journal& journal;
    Uploads& uploads;
    KeyedMutex& turns;
    IndexBuilder& builder;
    const base::Clock& clock;
    std::uint64_t maxManifestBytes;
  };
  // How the check gets on with the rest of the program. All but `stop` may do nothing.
  struct Hooks {
    const std::atomic<bool>& stop;
    std::function<void(std::uint64_t)> pace;              // after so many bytes were read: waits as the rate asks for
    std::function<void(std::chrono::milliseconds)> wait;  // or shorter when `stop` is set
    std::function<bool()> mayWrite;                       // asked before each change of the storage
    std::function<void(const CheckFinding&)> found;       // each finding, when its outcome is known
  };

  StorageCheck(const Parts& parts, index::CheckLedger& ledger, Hooks hooks, CheckProgress& progress);

  // Goes on where `ledger` says, which has in the end as sums: "repositories", "tags", "manifests" and
  // "manifests TYPE". False if `stop` was set before the end.
  bool run(const CheckOptions& options);

 private:
  using Look = std::function<std::optional<CheckFinding>()>;
  // What works on one storage.
  struct Desk {
    Desk(const Storages::Place& place, const Parts& parts, index::CheckLedger& ledger, const CheckLooks::Pace& pace);
    const std::string& storage;
    storage::StorageDriver& driver;
    CheckLooks looks;
    CheckMender mender;
    std::optional<CheckSegments> segments;  // where the storage has such
  };

  std::vector<std::unique_ptr<Desk>> makeDesks();
  void checkRepository(const oci::RepositoryName& repository);
  std::set<oci::Digest> checkLayers(const oci::RepositoryName& repository);
  void checkManifests(const oci::RepositoryName& repository, const std::set<oci::Digest>& linked);
  void beginWithLedger();
  void checkReferences(const oci::RepositoryName& repository, const oci::Digest& manifest,
                       const std::set<oci::Digest>& linked);
  void checkTags(const oci::RepositoryName& repository);
  void checkUploads(const oci::RepositoryName& repository);
  void checkAllBlobs();
  void checkBlobsIn(const std::string& folder, oci::HashAlgorithm algorithm);
  void checkOrphan(const oci::Digest& digest);
  void checkSegments();
  void checkGroup(const std::string& group);
  // Segments of blobs that no listing showed.
  void noteIndexed();
  void noteIndexed(const oci::RepositoryName& repository);
  std::optional<CheckFinding> orphanAt(const std::string& group);
  // Looks at the data of a blob that was not met before.
  index::CheckLedger::SeenBlob meet(const oci::Digest& digest);
  index::CheckLedger::SeenBlob lookAtData(const oci::Digest& digest, CheckLooks::Depth depth);
  // Whether the data were stored since the check began: what was wrong then may be right now.
  bool changedSince(const oci::Digest& digest);
  // Looks; looks again before it counts; mends; reports. `repository` null: of none.
  void judge(const oci::RepositoryName* repository, const Look& look);
  void report(CheckFinding finding);
  [[nodiscard]] index::CheckLedger::BlobPlace placeOf(const oci::Digest& digest) const {
    return {digest, at_->storage};
  }
  // Does `work` on a part that `name` names, unless it is done already. False if it could not be looked at.
  bool part(const std::string& name, const std::string& repository, const std::function<void()>& work);
  // As above, where blobs are met: without one of these nothing can be said of segments.
  void partOfBlobs(const std::string& name, const std::string& repository, const std::function<void()>& work);
  void breakOffIfStopped() const;

  Parts parts_;
  index::CheckLedger& ledger_;
  Hooks hooks_;
  CheckProgress& progress_;
  std::vector<std::unique_ptr<Desk>> desks_;  // one for each storage, in their order
  Desk* at_;                                  // that of the part at hand
  CheckOptions options_;
  std::map<std::string, std::uint64_t> sums_;  // of the repository at hand
  base::WallTime startedAt_;                   // of the first run on this ledger
};

}  // namespace rha::registry
