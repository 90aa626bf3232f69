// How far each sequence of the journal is settled: SequenceMark, as the index keeps it, and JournalMarks, to find it
// out after the journal was read and the storage looked at.
//
// A record precedes its change, so what was read last may announce what the storage did not show yet when it was looked
// at. Only what is older than the newest record of all by kUnderWay counts as settled; the rest is read again by the
// next who catches up, which costs little. Compared with the newest, not with a clock: nodes have their own.
// JournalMarks is plain data, held while an index is built or brought up to date: 16 bytes a record. One thread.
// SequenceMark: any thread; throws index::IndexError.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "index/index.h"
#include "registry/journal.h"

namespace rha::registry {

// What the index keeps of a sequence.
struct SequenceMark {
  std::uint64_t settled = 0;  // every record up to this number
  // Nobody adds to it any more. A node that was silent for long may look like that, and go on.
  bool over = false;

  static SequenceMark of(index::Index& index, std::string_view writer);
  // Nothing if the index has that already.
  void noteIn(index::Index& index, std::string_view writer) const;
};

class JournalMarks final {
 public:
  // Longer than a storage makes a change wait before it fails, and than the clocks of nodes differ.
  static constexpr std::chrono::minutes kUnderWay{10};

  // Each sequence's records in order.
  void saw(const JournalPlace& place, base::WallTime at);
  // Up to which number each sequence is settled; none for those that are not from their first record on.
  [[nodiscard]] std::map<std::string, std::uint64_t> settled() const;

 private:
  std::map<std::string, std::vector<std::pair<std::uint64_t, base::WallTime>>> seen_;
  base::WallTime newest_;
};

}  // namespace rha::registry
