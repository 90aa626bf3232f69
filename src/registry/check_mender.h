// CheckMender: mends one finding of a check, as far as it may. What it writes follows from the rest of the storage;
// what it deletes points at nothing, or keeps a push from healing it. Blobs that are sound are never deleted.
//
// Each deletion is looked at once more afterwards: where another registry on the same storage brought in what was
// missing meanwhile, the link is put back.
// One thread. Storage failures throw storage::StorageError; the index only loses time: its repository is marked dirty.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "index/index.h"
#include "registry/blobs.h"
#include "registry/check_finding.h"
#include "registry/check_looks.h"
#include "registry/journal.h"
#include "storage/storage_driver.h"

namespace rha::registry {

class CheckMender final {
 public:
  // Mends what lies in the storage of `driver`; `main` has the journal. All borrowed.
  CheckMender(storage::StorageDriver& driver, storage::StorageDriver& main, index::Index& index, Blobs& blobs,
              Journal& journal, CheckLooks& looks, const base::Clock& clock);

  // Precondition: `finding` was seen within the turn of its repository, if it has one, which is still held.
  FindingOutcome mend(const CheckFinding& finding, Mending allowed);

 private:
  FindingOutcome mendTag(const CheckFinding& finding, Mending allowed);
  FindingOutcome mendBadTag(const CheckFinding& finding, Mending allowed);
  FindingOutcome mendRevision(const CheckFinding& finding, Mending allowed);
  FindingOutcome mendLayer(const CheckFinding& finding, Mending allowed);
  FindingOutcome deleteTag(const CheckFinding& finding);
  FindingOutcome deleteRevision(const CheckFinding& finding);
  FindingOutcome deleteLayer(const CheckFinding& finding);
  FindingOutcome deleteData(const CheckFinding& finding);
  void write(const std::string& path, const oci::Digest& digest);
  void record(JournalRecord::Action action, const CheckFinding& finding);
  // Whether the journal knows that somebody deleted the manifest.
  bool wasDeleted(const CheckFinding& finding);

  storage::StorageDriver& driver_;
  storage::StorageDriver& main_;
  index::Index& index_;
  Blobs& blobs_;
  Journal& journal_;
  CheckLooks& looks_;
  const base::Clock& clock_;
  // "repository digest" of manifests that were deleted and not pushed again; read when it is needed first.
  std::optional<std::map<std::string, base::WallTime>> deleted_;
};

}  // namespace rha::registry
