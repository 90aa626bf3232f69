// CheckLedger: what a check of the storage (registry/storage_check.h) knows so far, in a file of its own beside the
// index, so that a check needs no memory for it and goes on after a restart: what it has done, which blobs it saw,
// which are referred to, and what it found.
//
// A file of SQLite; it may be deleted at any time at which no check runs. After a power cut the last entries may be
// missing: the check looks at those again.
// Thread-safe. Failure: IndexError. Move it nowhere: it is made on the heap.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/lock_guarded.h"
#include "index/statement.h"

namespace rha::index {

class CheckLedger final {
 public:
  // What the check saw of a blob's data.
  struct SeenBlob {
    bool good = false;  // there, and nothing wrong was seen
    std::uint64_t size = 0;
    std::string segments{};  // the group that has its bytes; for noteNamed(): blob() does not give it
  };
  // Each storage has blobs of its own.
  struct BlobPlace {
    Digest digest;
    std::string_view storage = {};  // "" for the main one
  };
  struct Entry {
    std::int64_t number = 0;  // grows with each entry, also where one is replaced
    std::string text;
  };
  // How many findings there are of a kind and an outcome.
  struct Count {
    std::string kind;
    std::string outcome;
    std::uint64_t findings = 0;
    std::uint64_t bytes = 0;
  };

  // A new one in place of what is at `path`.
  static std::unique_ptr<CheckLedger> create(const std::filesystem::path& path);
  // The one at `path`; null if there is none, or it cannot be used.
  static std::unique_ptr<CheckLedger> open(const std::filesystem::path& path);
  // For create() and open().
  explicit CheckLedger(Connection connection) : connection_(std::move(connection)) {}

  // Small named values; "" if unset.
  std::string value(std::string_view name);
  void setValue(std::string_view name, std::string_view value);

  // Sums, by name.
  void addTo(std::string_view name, std::uint64_t count);
  std::map<std::string, std::uint64_t> sums();
  // Number and bytes of the blobs that were looked at.
  std::pair<std::uint64_t, std::uint64_t> blobTotals();

  // Parts of the work, by name.
  bool isDone(std::string_view part);
  void markDone(std::string_view part);

  std::optional<SeenBlob> blob(const BlobPlace& place);
  void noteBlob(const BlobPlace& place, const SeenBlob& seen);
  bool isReferenced(const BlobPlace& place);
  void noteReferenced(const BlobPlace& place);

  // Groups of segments (storage/segment_store.h) that some object names.
  bool isNamed(std::string_view group, std::string_view storage);
  void noteNamed(std::string_view group, std::string_view storage);

  struct Finding {
    std::string key;  // of one thing that is wrong at one place: found again, it replaces the earlier entry
    std::string kind;
    std::string outcome;
    std::uint64_t bytes = 0;
    std::string text;
  };
  void add(const Finding& finding);
  void forget(std::string_view key);
  // In the order they were added, those after `number`.
  std::vector<Entry> findings(std::int64_t number, std::uint64_t limit);
  std::vector<Count> counts();

 private:
  base::LockGuarded<Connection> connection_;  // held for a statement on a local file
};

}  // namespace rha::index
