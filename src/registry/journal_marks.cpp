#include "registry/journal_marks.h"

#include <algorithm>

#include "base/text.h"

namespace rha::registry {
namespace {

// "57", or "over 57"; "over" alone, as older versions wrote it, is read, too.
constexpr std::string_view kOver = "over";

std::string keyOf(std::string_view writer) { return "journal." + std::string(writer); }

}  // namespace

SequenceMark SequenceMark::of(index::Index& index, std::string_view writer) {
  const std::string text = index.mark(keyOf(writer)).value_or("");
  const bool over = text.starts_with(kOver);
  const auto number = base::trim(std::string_view(text).substr(over ? kOver.size() : 0));
  return {base::parseUnsigned(number).value_or(0), over};
}

void SequenceMark::noteIn(index::Index& index, std::string_view writer) const {
  const std::string text = (over ? std::string(kOver) + ' ' : std::string()) + std::to_string(settled);
  if (index.mark(keyOf(writer)) != text) {
    index.setMark(keyOf(writer), text);
  }
}

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
