#include "registry/journal_marks.h"

#include <algorithm>

namespace rha::registry {

void JournalMarks::saw(const JournalPlace& place, base::WallTime at) {
  seen_[place.writer].emplace_back(place.number, at);
  newest_ = std::max(newest_, at);
}

std::map<std::string, std::uint64_t> JournalMarks::settled() const {
  const base::WallTime limit = newest_ - kUnderWay;
  std::map<std::string, std::uint64_t> marks;
  for (const auto& [writer, records] : seen_) {
    for (const auto& [number, at] : records) {
      if (at > limit) {
        break;
      }
      marks[writer] = number;
    }
  }
  return marks;
}

}  // namespace rha::registry
