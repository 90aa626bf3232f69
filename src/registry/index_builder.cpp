#include "registry/index_builder.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/secret.h"
#include "registry/journal.h"
#include "registry/layout.h"
#include "registry/manifest_reader.h"
#include "registry/manifests.h"

namespace rha::registry {
namespace {

using oci::HashAlgorithm;

constexpr std::uint64_t kMaxIdentityBytes = 128;
constexpr std::uint64_t kAll = std::numeric_limits<std::int64_t>::max();
// Deeper folders cannot be repositories: a name has at most 255 characters.
constexpr std::size_t kMaxDepth = 130;

std::vector<storage::ListEntry> children(storage::StorageDriver& driver, const std::string& folder) {
  std::vector<storage::ListEntry> entries;
  driver.list(folder, [&](const storage::ListEntry& entry) {
    entries.push_back(entry);
    return true;
  });
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

// Walks the folders below a tree's repositories/, telling of each that is a repository.
class RepositoryWalk final {
 public:
  RepositoryWalk(storage::StorageDriver& driver, const std::function<bool(const oci::RepositoryName&)>& visit)
      : driver_(driver), visit_(visit) {}

  // False when `visit` wanted no more. A name found in both trees is visited once.
  bool walk(const std::string& root, const std::string& name, std::size_t depth) {
    bool isRepository = false;
    std::vector<std::string> deeper;
    for (const auto& entry : children(driver_, name.empty() ? root : root + '/' + name)) {
      if (!entry.isFolder) {
        continue;
      }
      if (entry.name.starts_with('_')) {
        isRepository =
            isRepository || entry.name == "_layers" || entry.name == "_manifests" || entry.name == "_uploads";
      } else {
        deeper.push_back(entry.name);
      }
    }
    if (isRepository && !tell(name)) {
      return false;
    }
    return depth >= kMaxDepth || std::all_of(deeper.begin(), deeper.end(), [&](const std::string& child) {
             return walk(root, name.empty() ? child : name + '/' + child, depth + 1);
           });
  }

 private:
  bool tell(const std::string& name) {
    const auto parsed = oci::RepositoryName::parse(name);
    return !parsed || !seen_.insert(name).second || visit_(*parsed);
  }

  storage::StorageDriver& driver_;
  const std::function<bool(const oci::RepositoryName&)>& visit_;
  std::set<std::string> seen_;
};

void learn(JournalFacts& facts, const JournalRecord& record) {
  auto digest = oci::Digest::parse(record.digest);
  if (record.action == JournalRecord::Action::Manifest && digest.ok()) {
    const auto [it, fresh] = facts.pushed.try_emplace({record.repository, record.digest}, record.at);
    it->second = fresh ? record.at : std::min(it->second, record.at);
    return;
  }
  auto tag = oci::Tag::parse(record.tag);
  const bool moves = record.action == JournalRecord::Action::Tag && digest.ok();
  if (tag.ok() && (moves || record.action == JournalRecord::Action::Untag)) {
    facts.events[record.repository][record.tag].push_back(
        {*tag, moves ? std::optional(*digest) : std::nullopt, record.at, record.actor});
  }
}

// Sorts each tag's events and drops those that changed nothing: a push of what the tag pointed at already.
void tidy(JournalFacts& facts) {
  for (auto& [repository, tags] : facts.events) {
    for (auto& [tag, events] : tags) {
      std::stable_sort(events.begin(), events.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
      const auto same = [](const auto& a, const auto& b) { return a.digest == b.digest; };
      events.erase(std::unique(events.begin(), events.end(), same), events.end());
    }
  }
}

const std::vector<index::TagEvent>* eventsOf(const JournalFacts& facts, const oci::RepositoryName& repository,
                                             const std::string& tag) {
  const auto tags = facts.events.find(repository.text());
  if (tags == facts.events.end()) {
    return nullptr;
  }
  const auto events = tags->second.find(tag);
  return events == tags->second.end() ? nullptr : &events->second;
}

void addHistory(index::Index& index, const oci::RepositoryName& repository, const JournalFacts& facts) {
  const auto tags = facts.events.find(repository.text());
  if (tags == facts.events.end()) {
    return;
  }
  for (const auto& [tag, events] : tags->second) {
    for (const auto& event : events) {
      index.addTagEvent(repository, event);
    }
  }
}

// A tag's row; its history gets an event only if the storage says something else than the history does.
void writeTagRow(index::Index& index, const oci::RepositoryName& repository, const index::TagRow& row,
                 const JournalFacts* facts) {
  if (!facts) {
    index.putTag(repository, row, "");
    return;
  }
  const auto* events = eventsOf(*facts, repository, row.tag.text());
  if (events && !events->empty() && events->back().digest == row.digest) {
    index.restoreTag(repository, {row.tag, row.digest, events->back().at});
    return;
  }
  // Written by another registry, or before there was a journal.
  index.addTagEvent(repository, {row.tag, row.digest, row.updatedAt, ""});
  index.restoreTag(repository, row);
}

base::WallTime pushTime(const JournalFacts* facts, const oci::RepositoryName& repository, const oci::Digest& digest,
                        base::WallTime linkedAt) {
  if (facts) {
    const auto known = facts->pushed.find({repository.text(), digest.text()});
    if (known != facts->pushed.end()) {
      return known->second;
    }
  }
  return linkedAt;
}

}  // namespace

IndexBuilder::IndexBuilder(storage::StorageDriver& driver, KeyedMutex& turns, const base::Logger& logger,
                           std::uint64_t maxManifestBytes)
    : driver_(driver), turns_(turns), logger_(logger), maxManifestBytes_(maxManifestBytes) {}

void IndexBuilder::forEachRepository(const std::function<bool(const oci::RepositoryName&)>& visit) {
  RepositoryWalk walk(driver_, visit);
  if (walk.walk(layout::repositoriesRoot(HashAlgorithm::Sha256), {}, 0)) {
    walk.walk(layout::repositoriesRoot(HashAlgorithm::Sha512), {}, 0);
  }
}

void IndexBuilder::readManifests(index::Index& index, const oci::RepositoryName& repository, const JournalFacts* facts,
                                 BuildProgress& progress) {
  std::set<oci::Digest> found;
  for (const auto algorithm : {HashAlgorithm::Sha256, HashAlgorithm::Sha512}) {
    for (const auto& entry : children(driver_, layout::revisionsFolder(repository, algorithm))) {
      const auto digest = oci::Digest::parse(std::string(oci::toString(algorithm)) + ':' + entry.name);
      const auto linked = digest.ok() ? driver_.stat(layout::revisionLink(repository, *digest)) : std::nullopt;
      if (!linked) {
        continue;  // what a delete leaves: an empty folder
      }
      const auto manifest = readManifest(driver_, repository, *digest, maxManifestBytes_);
      if (!manifest) {
        ++progress.problems;
        logger_.warn("lost_manifest", {{"repository", repository.text()}, {"digest", digest->text()}});
        continue;
      }
      oci::Manifest parsed = manifest->parsed.value_or(oci::Manifest{});
      parsed.mediaType = manifest->mediaType;
      index.putManifest(repository, toRow(*digest, parsed, manifest->bytes->size(),
                                          pushTime(facts, repository, *digest, linked->modified)));
      found.insert(*digest);
      ++progress.manifests;
    }
  }
  for (const auto& row : index.manifests(repository, {{}, kAll})) {
    if (!found.contains(row.digest)) {
      index.removeManifest(repository, row.digest);
    }
  }
}

void IndexBuilder::readTags(index::Index& index, const oci::RepositoryName& repository, const JournalFacts* facts,
                            BuildProgress& progress) {
  std::map<oci::Tag, index::TagRow> found;
  // The sha256 tree last: its link decides where both have one, as for readers.
  for (const auto algorithm : {HashAlgorithm::Sha512, HashAlgorithm::Sha256}) {
    for (const auto& entry : children(driver_, layout::tagsFolder(repository, algorithm))) {
      const auto tag = oci::Tag::parse(entry.name);
      if (!tag) {
        continue;
      }
      const std::string path = layout::tagCurrentLink(repository, *tag, algorithm);
      const auto contents = driver_.get(path, layout::kMaxLinkBytes);
      const auto digest = contents ? layout::parseLink(*contents) : std::nullopt;
      if (!digest || !index.manifest(repository, *digest)) {
        progress.problems += contents ? 1 : 0;
        continue;
      }
      const auto info = driver_.stat(path);
      found.insert_or_assign(*tag, index::TagRow{*tag, *digest, info ? info->modified : base::WallTime()});
    }
  }
  for (const auto& [tag, row] : found) {
    writeTagRow(index, repository, row, facts);
    ++progress.tags;
  }
  for (const auto& row : index.tags(repository, {{}, kAll})) {
    if (!found.contains(row.tag)) {
      index.removeTag(repository, row.tag, row.updatedAt, "");
    }
  }
}

bool IndexBuilder::inStorage(const oci::RepositoryName& repository) {
  for (const auto algorithm : {HashAlgorithm::Sha256, HashAlgorithm::Sha512}) {
    for (const auto& entry : children(driver_, layout::repositoryFolder(repository, algorithm))) {
      if (entry.name == "_layers" || entry.name == "_manifests") {
        return true;
      }
    }
  }
  return false;
}

void IndexBuilder::buildRepository(index::Index& index, const oci::RepositoryName& repository,
                                   const JournalFacts* facts, BuildProgress& progress) {
  if (!inStorage(repository)) {
    index.removeRepository(repository);
    return;
  }
  if (!index.hasRepository(repository)) {
    index.touchRepository(repository, base::WallTime());
  }
  readManifests(index, repository, facts, progress);
  if (facts) {
    addHistory(index, repository, *facts);
  }
  readTags(index, repository, facts, progress);
  ++progress.repositories;
}

bool IndexBuilder::build(index::Index& index, BuildProgress& progress, const std::atomic<bool>& stop) {
  JournalFacts facts;
  std::map<std::string, std::uint64_t> places;
  progress.problems += Journal::readAll(driver_, [&](const JournalPlace& place, const JournalRecord& record) {
    learn(facts, record);
    places[place.writer] = place.number;
  });
  tidy(facts);
  forEachRepository([&](const oci::RepositoryName& repository) {
    const auto turn = turns_.lock(repository.text());
    try {
      buildRepository(index, repository, &facts, progress);
    } catch (const storage::StorageError& error) {
      ++progress.problems;
      logger_.error("index_build_skipped", {{"repository", repository.text()}, {"cause", error.what()}});
      index.markDirty(repository);
    }
    return !stop.load();
  });
  for (const auto& [writer, number] : places) {
    index.setMark(journalMark(writer), std::to_string(number));
  }
  return !stop.load();
}

std::string storageIdentity(storage::StorageDriver& driver) {
  if (auto stored = driver.get(layout::identity(), kMaxIdentityBytes)) {
    return *stored;
  }
  const std::string fresh = base::randomUuid();
  driver.put(layout::identity(), fresh, storage::Durability::Durable);
  return fresh;
}

}  // namespace rha::registry
