#include "registry/journal_catch_up.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "registry/journal_facts.h"
#include "registry/journal_marks.h"

namespace rha::registry {
namespace {

// Numbers that a process took at once and stored in another order: how far to look beyond a gap that its death left.
constexpr std::uint64_t kGap = 128;
// Where each look is a request a listing goes first, and so far is looked beyond what it shows: it may lag.
constexpr std::uint64_t kSharedGap = 8;
// The mark of a sequence that nobody adds to any more.
constexpr std::string_view kOver = "over";

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

// The numbers beyond `settled` that a listing shows.
std::set<std::uint64_t> listedBeyond(storage::StorageDriver& driver, const std::string& writer, std::uint64_t settled) {
  std::set<std::uint64_t> numbers;
  Journal::listNumbers(driver, writer, settled, [&](std::uint64_t number) { numbers.insert(number); });
  return numbers;
}

void readFrom(storage::StorageDriver& driver, index::Index& index, const std::string& writer, std::uint64_t settled,
              Found& found) {
  const bool shared = driver.traits().shared;
  const auto listed = shared ? listedBeyond(driver, writer, settled) : std::set<std::uint64_t>();
  const std::uint64_t gap = shared ? kSharedGap : kGap;
  std::uint64_t last = listed.empty() ? settled : *listed.rbegin();
  for (std::uint64_t number = settled + 1; number <= last + gap; ++number) {
    if (const auto record = Journal::read(driver, {writer, number})) {
      note(found, index, *record);
      found.marks.saw({writer, number}, record->at);
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
  Found found;
  std::map<std::string, std::string> marks;
  for (const auto& writer : Journal::writers(driver)) {
    const auto mark = index.mark(journalMark(writer)).value_or("0");
    if (writer == own.writer() || mark == kOver) {
      continue;
    }
    readFrom(driver, index, writer, base::parseUnsigned(mark).value_or(0), found);
    const bool over = driver.traits().shared ? !alive.contains(writer) : others == OtherWriters::Ended;
    if (over) {
      marks[writer] = kOver;
    }
  }
  found.facts.conclude();
  for (const auto& name : found.repositories) {
    if (const auto repository = oci::RepositoryName::parse(name)) {
      manifests.reindex(*repository, eventsOf(found.facts, name));
    }
  }
  if (driver.traits().shared) {
    for (const auto& [writer, number] : found.marks.settled()) {
      marks.try_emplace(writer, std::to_string(number));
    }
  }
  for (const auto& [writer, mark] : marks) {
    index.setMark(journalMark(writer), mark);
  }
  return found.repositories.size();
}

void markSettled(index::Index& index, Journal& own) {
  const std::string settled = std::to_string(own.settled());
  if (index.mark(journalMark(own.writer())) != settled && settled != "0") {
    index.setMark(journalMark(own.writer()), settled);
  }
}

}  // namespace rha::registry
