#include "registry/journal_catch_up.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "registry/journal_facts.h"
#include "registry/journal_marks.h"
#include "registry/layout.h"

namespace rha::registry {
namespace {

// Numbers that a process took at once and stored in another order: how far to look beyond a gap that its death left.
constexpr std::uint64_t kGap = 128;
// Where each look is a request a listing goes first, and so far is looked beyond what it shows: it may lag.
constexpr std::uint64_t kSharedGap = 8;

// What is found in the sequences.
struct Found {
  std::set<std::string> repositories;
  JournalFacts facts;
  JournalMarks marks;
};

void note(Found& found, index::Index& index, const JournalRecord& record) {
  found.repositories.insert(record.repository);
  found.facts.learn(record);
  const auto repository = oci::RepositoryName::parse(record.repository);
  const auto digest = oci::Digest::parse(record.digest);
  if (record.action == JournalRecord::Action::Delete && repository.ok() && digest.ok()) {
    // Tags that came to point there before this stretch.
    for (const auto& tag : index.tagsOf(*repository, *digest)) {
      found.facts.events[record.repository][tag.text()].push_back({tag, std::nullopt, record.at, record.actor});
    }
  }
}

// The last number of a sequence that a listing shows, if that is beyond `settled`.
std::uint64_t lastListed(storage::StorageDriver& driver, const std::string& writer, std::uint64_t settled) {
  std::uint64_t last = settled;
  for (const auto& [thousand, numbers] : Journal::listedNumbers(driver, writer, settled / layout::kJournalFolder)) {
    last = numbers.empty() ? last : std::max(last, numbers.back());
  }
  return last;
}

void readFrom(storage::StorageDriver& driver, index::Index& index, const std::string& writer, std::uint64_t settled,
              Found& found) {
  const auto take = [&](const JournalPlace& place, const JournalRecord& record) {
    note(found, index, record);
    found.marks.saw(place, record.at);
  };
  const std::uint64_t next = Journal::readPacked(driver, {writer, settled + 1}, take);
  const bool shared = driver.traits().shared;
  const std::uint64_t gap = shared ? kSharedGap : kGap;
  std::uint64_t last = shared ? lastListed(driver, writer, next - 1) : next - 1;
  for (std::uint64_t number = next; number <= last + gap; ++number) {
    if (const auto record = Journal::read(driver, {writer, number})) {
      take({writer, number}, *record);
      last = std::max(last, number);
    }
  }
}

// Of all its tags, oldest first.
std::vector<index::TagEvent> eventsOf(const JournalFacts& facts, const std::string& repository) {
  std::vector<index::TagEvent> all;
  if (const auto tags = facts.events.find(repository); tags != facts.events.end()) {
    for (const auto& [tag, events] : tags->second) {
      all.insert(all.end(), events.begin(), events.end());
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  return all;
}

}  // namespace

std::uint64_t catchUp(storage::StorageDriver& driver, index::Index& index, Manifests& manifests, const Journal& own,
                      OtherWriters others, JournalRoll* roll) {
  std::set<std::string> alive;
  if (roll != nullptr) {
    for (const auto& entry : roll->recent()) {
      alive.insert(entry.writer);
    }
  }
  const bool shared = driver.traits().shared;
  Found found;
  std::map<std::string, SequenceMark> marks;
  for (const auto& writer : Journal::writers(driver)) {
    const SequenceMark mark = SequenceMark::of(index, writer);
    if (writer == own.writer() || mark.over) {
      continue;
    }
    readFrom(driver, index, writer, mark.settled, found);
    marks[writer] = {mark.settled, shared ? !alive.contains(writer) : others == OtherWriters::Ended};
  }
  found.facts.conclude();
  for (const auto& name : found.repositories) {
    if (const auto repository = oci::RepositoryName::parse(name)) {
      manifests.reindex(*repository, eventsOf(found.facts, name));
    }
  }
  for (const auto& [writer, number] : found.marks.settled()) {
    // On storage of this host alone a sequence is read again from where it was until it is over.
    if (shared || marks[writer].over) {
      marks[writer].settled = number;
    }
  }
  for (const auto& [writer, mark] : marks) {
    if (mark.over || mark.settled > 0) {
      mark.noteIn(index, writer);
    }
  }
  return found.repositories.size();
}

void markSettled(index::Index& index, Journal& own) {
  if (const std::uint64_t settled = own.settled(); settled > 0) {
    SequenceMark{settled, false}.noteIn(index, own.writer());
  }
}

}  // namespace rha::registry
