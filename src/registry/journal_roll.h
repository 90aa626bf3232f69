// JournalRoll: who writes a journal on this storage, so that the other nodes find a new sequence without a listing.
//
// Each entry is an object with a number of its own, counted up: "writer, time". A writer enters itself before its first
// record, and again when its last entry is older than kStands; so a sequence without an entry of the last kFollowed is
// silent for good. Two that enter at the same moment may take the same number, one of them in vain: confirm() finds
// that out and enters again.
// Thread-safe; blocking. Storage failures throw storage::StorageError.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "storage/storage_driver.h"

namespace rha::registry {

class JournalRoll final {
 public:
  static constexpr std::chrono::hours kStands{6};
  // Longer than kStands by what the clocks of nodes may differ, and more.
  static constexpr std::chrono::hours kFollowed{12};

  struct Entry {
    std::uint64_t number = 0;
    std::string writer;
    base::WallTime at;
  };

  // All borrowed.
  JournalRoll(storage::StorageDriver& driver, const base::Clock& clock) : driver_(driver), clock_(clock) {}

  // Called before each record of `writer`; does something every kStands only. Returns once the entry is stored.
  void enter(const std::string& writer);
  // To be called every few seconds: looks whether this process's entry of the last minutes is still its own.
  void confirm();

  // The entry of that number; nullopt if there is none, or it cannot be read.
  std::optional<Entry> read(std::uint64_t number);
  // Entries of the last kFollowed, the newest first. Begins at the highest number that a listing shows, which may lag:
  // what comes after the first of the result is to be read by number.
  std::vector<Entry> recent();

 private:
  Entry enterAnew(const std::string& writer);
  std::uint64_t highest();

  storage::StorageDriver& driver_;
  const base::Clock& clock_;
  std::mutex mutex_;  // held across I/O: other writers of records wait until this process is on the roll
  std::optional<Entry> own_;
};

}  // namespace rha::registry
