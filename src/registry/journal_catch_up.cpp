#include "registry/journal_catch_up.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/text.h"

namespace rha::registry {
namespace {

// Numbers that a process took at once and stored in another order: how far to look beyond a gap that its death left.
constexpr std::uint64_t kGap = 128;
// The mark of a sequence that nobody adds to any more.
constexpr std::string_view kOver = "over";

using EventsByRepository = std::map<std::string, std::vector<index::TagEvent>>;

void note(EventsByRepository& found, const JournalRecord& record) {
  auto& events = found[record.repository];
  const auto tag = oci::Tag::parse(record.tag);
  const auto digest = oci::Digest::parse(record.digest);
  const bool moves = record.action == JournalRecord::Action::Tag && digest.ok();
  if (tag.ok() && (moves || record.action == JournalRecord::Action::Untag)) {
    events.push_back({*tag, moves ? std::optional(*digest) : std::nullopt, record.at, record.actor});
  }
}

// Returns the last number that was there.
std::uint64_t readFrom(storage::StorageDriver& driver, const std::string& writer, std::uint64_t settled,
                       EventsByRepository& found) {
  std::uint64_t last = settled;
  for (std::uint64_t number = settled + 1; number <= last + kGap; ++number) {
    if (const auto record = Journal::read(driver, {writer, number})) {
      note(found, *record);
      last = number;
    }
  }
  return last;
}

}  // namespace

std::uint64_t catchUp(storage::StorageDriver& driver, index::Index& index, Manifests& manifests, const Journal& own) {
  EventsByRepository found;
  std::map<std::string, std::string> marks;
  for (const auto& writer : Journal::writers(driver)) {
    const auto mark = index.mark(journalMark(writer)).value_or("0");
    if (writer == own.writer() || mark == kOver) {
      continue;
    }
    const std::uint64_t last = readFrom(driver, writer, base::parseUnsigned(mark).value_or(0), found);
    marks[writer] = driver.traits().shared ? std::to_string(last) : std::string(kOver);
  }
  for (auto& [name, events] : found) {
    if (const auto repository = oci::RepositoryName::parse(name)) {
      std::stable_sort(events.begin(), events.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
      manifests.reindex(*repository, events);
    }
  }
  for (const auto& [writer, mark] : marks) {
    index.setMark(journalMark(writer), mark);
  }
  return found.size();
}

void markSettled(index::Index& index, Journal& own) {
  const std::string settled = std::to_string(own.settled());
  if (index.mark(journalMark(own.writer())) != settled && settled != "0") {
    index.setMark(journalMark(own.writer()), settled);
  }
}

}  // namespace rha::registry
