// Packs of the journal: the records of a thousand numbers in one object, so that a registry has thousands of objects
// after years of pushes, and not millions.
//
// A thousand is packed once its newest record is a week old: nobody follows it record by record any more, and who was
// away for longer reads packs. The pack is stored and read back before the first record goes, so whoever dies in
// between leaves both, and readers take each number once. A number that comes later is added to the pack.
// Several nodes may pack the same thousand: each reads its records by their numbers, not from a listing, and the pack
// after them, so what it misses among the records is in the pack already.
//
// Pack: a line for each record, in order: "<number> <the record's JSON>\n".
// Blocking; any thread. Storage failures throw storage::StorageError: records and packs are then as they were, or both
// are there.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/clock.h"
#include "registry/journal.h"
#include "storage/storage_driver.h"

namespace rha::registry {

constexpr std::chrono::hours kPackJournalAfter{24 * 7};

struct JournalPack {
  struct Entry {
    std::string json;
    JournalRecord record;  // what the JSON says
  };
  std::map<std::uint64_t, Entry> entries;  // by number
  std::uint64_t damaged = 0;               // lines that are none
};

// The pack of the records of `thousand` (number / layout::kJournalFolder) of a sequence; empty if there is none.
JournalPack readJournalPack(storage::StorageDriver& driver, const std::string& writer, std::uint64_t thousand);

// Packs all thousands of all sequences whose records are all from before `before`, until `goOn` says no. Damaged
// records stay as they are. Rests on listings only for where to look. Returns how many records were removed for being
// packed.
std::uint64_t packJournal(storage::StorageDriver& driver, base::WallTime before, const std::function<bool()>& goOn);

}  // namespace rha::registry
