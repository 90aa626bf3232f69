// Journal: one small record in storage for each change of a tag or manifest, written before the change (architecture,
// decision 11). It says where other nodes must look, and keeps what the layout of 2.8 cannot: history, actors, times.
//
// Record: JSON
// {"v":1,"at":"2026-11-23T22:06:01.000123Z","action":"tag","repository":"a/b","tag":"1","digest":"sha256:…",
// "actor":"ci-build","address":"10.0.0.1"}; actions: "manifest" (pushed), "tag", "untag", "delete" (manifest).
// Each process writes a numbered sequence of its own, from 1 up; one that died may leave gaps near its end. Old records
// are moved into packs (journal_packs.h).
// A record is settled once the index has what it told of. Where a sequence is settled up to is kept in the index, so
// that what a process died over is read again by the next one (journal_catch_up.h).
// Thread-safe; blocking. Storage failures throw storage::StorageError: the change is then not made.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/lock_guarded.h"
#include "oci/digest.h"
#include "oci/names.h"
#include "registry/actor.h"
#include "registry/crew.h"
#include "registry/journal_roll.h"
#include "storage/storage_driver.h"

namespace rha::registry {

// A record is never longer.
constexpr std::uint64_t kMaxJournalRecordBytes = 8 * 1024;

struct JournalRecord {
  enum class Action : std::uint8_t { Manifest, Tag, Untag, Delete };
  Action action = Action::Manifest;
  base::WallTime at;
  std::string repository;
  std::string tag;     // Tag, Untag
  std::string digest;  // Manifest, Tag, Delete
  std::string actor;
  std::string address;
};

// Which record of which sequence.
struct JournalPlace {
  std::string writer;
  std::uint64_t number = 0;
};

std::string encodeJournalRecord(const JournalRecord& record);
std::optional<JournalRecord> decodeJournalRecord(std::string_view text);

class Journal final {
 public:
  using Visit = std::function<void(const JournalPlace&, const JournalRecord&)>;

  // `driver` is borrowed. `writer` names this process's sequence: a fresh random UUID. On shared storage `roll` tells
  // others of it; borrowed, null for nobody.
  Journal(storage::StorageDriver& driver, std::string writer, JournalRoll* roll = nullptr);

  // Stores a record durably under the next number, and returns that.
  std::uint64_t append(const JournalRecord& record);
  // The index has what the record told of, or knows durably that it must look.
  void settle(std::uint64_t number);
  // Every record up to this number is settled.
  [[nodiscard]] std::uint64_t settled();
  [[nodiscard]] const std::string& writer() const { return writer_; }

  // Calls `visit` with every record of every writer, packed or not, each writer's in order; damaged ones are counted
  // and skipped. For rebuilds: rests on listings. `crew` reads, where there is one; `visit` is called on this thread.
  // Returns the number of damaged records.
  static std::uint64_t readAll(storage::StorageDriver& driver, Crew& crew, const Visit& visit);
  static std::uint64_t readAll(storage::StorageDriver& driver, const Visit& visit);
  // Calls `visit` with the packed records of a sequence from `from` on. Returns the number at which those begin that
  // are not packed: `from` itself, if there is no such pack. Rests on no listing.
  static std::uint64_t readPacked(storage::StorageDriver& driver, const JournalPlace& from, const Visit& visit);
  // The numbers of a sequence that have a record of their own, sorted, by number / layout::kJournalFolder; there may be
  // empty ones. Rests on a listing.
  static std::map<std::uint64_t, std::vector<std::uint64_t>> listedNumbers(storage::StorageDriver& driver,
                                                                           const std::string& writer,
                                                                           std::uint64_t firstThousand = 0);
  // The names of all sequences. Rests on a listing.
  static std::vector<std::string> writers(storage::StorageDriver& driver);
  // A record of its own; nullopt if it is missing, packed or damaged.
  static std::optional<JournalRecord> read(storage::StorageDriver& driver, const JournalPlace& place);

 private:
  struct Numbers {
    std::uint64_t next = 1;
    std::set<std::uint64_t> failed;  // taken, but their record was not stored: used again first
    std::set<std::uint64_t> open;    // stored or being stored, and not settled
  };
  std::uint64_t takeNumber();

  storage::StorageDriver& driver_;
  std::string writer_;
  JournalRoll* roll_;
  base::LockGuarded<Numbers> numbers_;
};

}  // namespace rha::registry
