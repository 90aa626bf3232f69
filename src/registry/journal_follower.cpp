#include "registry/journal_follower.h"

#include <algorithm>
#include <utility>

#include "registry/journal_marks.h"
#include "registry/layout.h"
#include "registry/manifest_reader.h"

namespace rha::registry {
namespace {

// Numbers that are stored out of order by pushes at the same time: how far to look beyond the first that is missing.
constexpr std::uint64_t kWindow = 8;
// Every so many polls one looks beyond a missing number: the push that took it may have died.
constexpr std::uint64_t kLookBeyond = 16;
// So that one busy node does not keep those of others waiting.
constexpr std::uint64_t kMostAtOnce = 1000;

std::string keyOf(const JournalRecord& record) {
  const bool ofTag = record.action == JournalRecord::Action::Tag || record.action == JournalRecord::Action::Untag;
  return record.repository + (ofTag ? ':' + record.tag : '@' + record.digest);
}

}  // namespace

JournalFollower::JournalFollower(Parts parts) : parts_(std::move(parts)), roll_(parts_.storages.main(), parts_.clock) {}

void JournalFollower::follow(const JournalRoll::Entry& entry) {
  if (entry.writer == parts_.ownWriter) {
    return;
  }
  auto at = sequences_.find(entry.writer);
  if (at == sequences_.end()) {
    const JournalPlace from{entry.writer, SequenceMark::of(parts_.index, entry.writer).settled + 1};
    const std::uint64_t next = Journal::readPacked(
        parts_.storages.main(), from, [this](const auto& place, const auto& record) { remember(place, record); });
    at = sequences_.emplace(entry.writer, Sequence{.next = next, .entered = {}}).first;
  }
  at->second.entered = std::max(at->second.entered, entry.at);
}

void JournalFollower::remember(const JournalPlace& place, const JournalRecord& record) {
  looks_.insert_or_assign(keyOf(record), Look{record, place, parts_.clock.steady()});
}

void JournalFollower::readRoll() {
  if (!started_) {
    const auto entries = roll_.recent();
    std::for_each(entries.begin(), entries.end(), [this](const auto& entry) { follow(entry); });
    nextEntry_ = entries.empty() ? 1 : entries.front().number;
    started_ = true;
  }
  // The last one again, since another writer may have taken its number at the same moment.
  for (std::uint64_t number = std::max<std::uint64_t>(nextEntry_, 2) - 1;; ++number) {
    if (const auto entry = roll_.read(number)) {
      follow(*entry);
      nextEntry_ = std::max(nextEntry_, number + 1);
    } else if (number >= nextEntry_) {
      break;
    }
  }
  const auto oldest = parts_.clock.now() - JournalRoll::kFollowed;
  std::erase_if(sequences_, [&](const auto& item) { return item.second.entered < oldest; });
}

void JournalFollower::readRecords(const std::string& writer, Sequence& sequence) {
  storage::StorageDriver& driver = parts_.storages.main();
  const std::uint64_t first = sequence.next;
  // One request where nothing has come; more only once something has.
  const std::uint64_t atLeast = polls_ % kLookBeyond == 0 ? first + kWindow : first;
  for (std::uint64_t number = first, end = atLeast; number <= end && number < first + kMostAtOnce; ++number) {
    const JournalPlace place{writer, number};
    if (const auto record = Journal::read(driver, place)) {
      remember(place, *record);
      sequence.next = number == sequence.next ? number + 1 : sequence.next;
      end = number + kWindow;
    }
  }
}

bool JournalFollower::takeManifest(const oci::RepositoryName& repository, const oci::Digest& digest,
                                   base::WallTime pushedAt) {
  const auto manifest = readManifest(parts_.storages.of(repository), repository, digest, parts_.maxManifestBytes);
  if (!manifest) {
    return false;
  }
  parts_.index.putManifest(repository, toRow(digest, *manifest, pushedAt));
  return true;
}

bool JournalFollower::lookAtManifest(const oci::RepositoryName& repository, const JournalRecord& record) {
  const auto digest = oci::Digest::parse(record.digest);
  return !digest || (parts_.storages.of(repository).stat(layout::revisionLink(repository, *digest)) &&
                     takeManifest(repository, *digest, record.at));
}

void JournalFollower::takeTag(const oci::RepositoryName& repository, const oci::Tag& tag,
                              const std::optional<oci::Digest>& digest, const JournalRecord& record) {
  if (!digest) {
    parts_.index.removeTag(repository, tag, record.at, record.actor);
    return;
  }
  if (parts_.index.manifest(repository, *digest) || takeManifest(repository, *digest, record.at)) {
    parts_.index.putTag(repository, {tag, *digest, record.at}, record.actor);
  }
}

bool JournalFollower::lookAtTag(const oci::RepositoryName& repository, const JournalRecord& record, bool last) {
  const auto tag = oci::Tag::parse(record.tag);
  if (!tag) {
    return true;
  }
  const auto now = parts_.manifests.resolve(repository, *tag);
  const bool announced = record.action == JournalRecord::Action::Untag ? !now : now && now->text() == record.digest;
  if (announced || last) {
    takeTag(repository, *tag, now, record);
  }
  return announced;
}

bool JournalFollower::lookAtDeletion(const oci::RepositoryName& repository, const JournalRecord& record) {
  const auto digest = oci::Digest::parse(record.digest);
  if (!digest) {
    return true;
  }
  if (parts_.storages.of(repository).stat(layout::revisionLink(repository, *digest))) {
    return false;
  }
  for (const oci::Tag& tag : parts_.index.tagsOf(repository, *digest)) {
    takeTag(repository, tag, parts_.manifests.resolve(repository, tag), record);
  }
  parts_.index.removeManifest(repository, *digest);
  return true;
}

bool JournalFollower::look(const Look& look, bool last) {
  const auto repository = oci::RepositoryName::parse(look.record.repository);
  if (!repository) {
    return true;
  }
  const auto turn = parts_.turns.lock(repository->text());
  switch (look.record.action) {
    case JournalRecord::Action::Manifest:
      return lookAtManifest(*repository, look.record);
    case JournalRecord::Action::Tag:
    case JournalRecord::Action::Untag:
      return lookAtTag(*repository, look.record, last);
    case JournalRecord::Action::Delete:
      return lookAtDeletion(*repository, look.record);
  }
  return true;
}

// A sequence is noted up to where nothing is left to look at, so that a restart misses nothing.
void JournalFollower::noteProgress() {
  std::map<std::string, std::uint64_t> done;
  for (const auto& [writer, sequence] : sequences_) {
    done[writer] = sequence.next - 1;
  }
  for (const auto& [key, look] : looks_) {
    std::uint64_t& number = done[look.place.writer];
    number = std::min(number, look.place.number - 1);
  }
  for (const auto& [writer, number] : done) {
    if (number > 0) {
      SequenceMark{number, false}.noteIn(parts_.index, writer);
    }
  }
}

std::uint64_t JournalFollower::poll() {
  const std::lock_guard lock(mutex_);
  ++polls_;
  readRoll();
  for (auto& [writer, sequence] : sequences_) {
    readRecords(writer, sequence);
  }
  std::uint64_t taken = 0;
  for (auto it = looks_.begin(); it != looks_.end();) {
    const bool last = parts_.clock.steady() - it->second.since > kPatience;
    const bool announced = look(it->second, last);
    taken += announced ? 1 : 0;
    it = announced || last ? looks_.erase(it) : std::next(it);
  }
  noteProgress();
  return taken;
}

}  // namespace rha::registry
