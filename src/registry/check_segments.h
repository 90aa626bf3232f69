// CheckSegments: finds segments in a storage that no object names (storage/segment_store.h), and removes them.
//
// Nothing tells to which blob segments belong but the blob itself. A listing that lacks the blob, for however long,
// must not make its segments orphans, so a group is called one only by all of these:
//   - no blob that the check has seen names it, and it has seen all that listings show and all that the index knows;
//   - its upload is over, and its newest segment older than any upload may be;
// and it is removed only if beside that its bytes, read from the first to the last, are of no digest whose blob
//   - names it: that is asked of the storage directly, for all bytes, and for those up to the end of each segment;
//   - is missing or damaged, though something refers to it: the group may be what can heal it.
// Where segments may be missing, or of several requests, their digest says nothing: such a group stays.
//
// One thread; blocking. Storage failures throw storage::StorageError; the ledger's and the index's index::IndexError.
// Reading may be broken off by the pace's exception.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "index/check_ledger.h"
#include "index/index.h"
#include "oci/digest.h"
#include "registry/blobs.h"
#include "registry/check_finding.h"
#include "registry/check_looks.h"
#include "storage/segment_store.h"
#include "storage/storage_driver.h"

namespace rha::registry {

class CheckSegments final {
 public:
  struct Orphan {
    std::string group;
    storage::SegmentGroup segments;
    std::vector<oci::Digest> digests;  // of what they may be the bytes of, once they were read
    bool keep = false;                 // it is not to be removed; the finding says why
    CheckFinding finding;

    void keepFor(const std::string& why);
  };

  // All borrowed. `store` is that of `driver`, a storage that the ledger knows as `storage`.
  CheckSegments(storage::StorageDriver& driver, storage::SegmentStore& store, std::string storage,
                index::CheckLedger& ledger, index::Index& index, Blobs& blobs, CheckLooks::Pace pace);

  // Asks for the group that a blob names, unless the check has looked at its data.
  void note(const oci::Digest& digest);

  // What no object that was seen names, whose upload is over, and whose newest segment is older than `before`.
  std::optional<Orphan> look(const std::string& group, base::WallTime before);

  // Reads the bytes, and decides whether the group may be removed. False if a blob turns out to name it.
  bool read(Orphan& orphan);

  // Precondition: read() found no reason to keep it; some time has passed since look(), so that a publication on
  // another node that had begun before is through.
  FindingOutcome remove(const Orphan& orphan);

 private:
  void hashBeginnings(Orphan& orphan);
  [[nodiscard]] bool isNamedBy(const oci::Digest& digest, const std::string& group);
  // Something refers to the blob, and the storage does not have it whole.
  [[nodiscard]] bool isMissed(const oci::Digest& digest);

  storage::StorageDriver& driver_;
  storage::SegmentStore& store_;
  std::string storage_;
  index::CheckLedger& ledger_;
  index::Index& index_;
  Blobs& blobs_;
  CheckLooks::Pace pace_;
};

}  // namespace rha::registry
