#include "registry/index_builder.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "registry/journal.h"
#include "registry/journal_marks.h"
#include "registry/layout.h"
#include "registry/manifest_reader.h"
#include "registry/manifests.h"

namespace rha::registry {
namespace {

using oci::HashAlgorithm;

constexpr std::uint64_t kAll = std::numeric_limits<std::int64_t>::max();
// Where each look is a request that takes its time. Together they are far fewer than the connections that a driver may
// have (config), so clients do not wait for the build.
constexpr unsigned kRepositoriesAtOnce = 4;
constexpr unsigned kObjectsAtOnce = 6;
// So many manifests of a repository are in memory at once, as rows.
constexpr std::size_t kPiece = 512;
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

bool isRemote(const Storages& storages) {
  const auto& places = storages.all();
  return std::any_of(places.begin(), places.end(),
                     [](const Storages::Place& place) { return place.driver->traits().shared; });
}

void inPieces(std::size_t count, const std::function<void(std::size_t begin, std::size_t end)>& work) {
  for (std::size_t begin = 0; begin < count; begin += kPiece) {
    work(begin, std::min(count, begin + kPiece));
  }
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
    std::string folder = root;
    if (!name.empty()) {
      folder.append("/").append(name);
    }
    for (const auto& entry : children(driver_, folder)) {
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

// A tag's row; its history gets an event only if the storage says something else than the history does.
void writeTagRow(index::Index& index, const oci::RepositoryName& repository, const index::TagRow& row,
                 const JournalFacts* facts) {
  if (!facts) {
    index.putTag(repository, row, "");
    return;
  }
  const auto* events = facts->of(repository, row.tag.text());
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

IndexBuilder::IndexBuilder(Storages storages, const base::Logger& logger, std::uint64_t maxManifestBytes)
    : storages_(std::move(storages)), logger_(logger), maxManifestBytes_(maxManifestBytes) {}

void IndexBuilder::walk(const Visitor& visit,
                        const std::function<void(const Storages::Place&, const oci::RepositoryName&)>& misplaced) {
  for (const Storages::Place& place : storages_.all()) {
    const Visitor here = [&](const oci::RepositoryName& repository) {
      if (&storages_.placeOf(repository) == &place) {
        return visit(repository);
      }
      misplaced(place, repository);
      return true;
    };
    RepositoryWalk walk(*place.driver, here);
    if (!walk.walk(layout::repositoriesRoot(HashAlgorithm::Sha256), {}, 0) ||
        !walk.walk(layout::repositoriesRoot(HashAlgorithm::Sha512), {}, 0)) {
      return;
    }
  }
}

void IndexBuilder::forEachRepository(const Visitor& visit) {
  walk(visit, [](const Storages::Place&, const oci::RepositoryName&) {});
}

void IndexBuilder::warnOfMisplaced(const Storages::Place& place, const oci::RepositoryName& repository,
                                   BuildProgress& progress) {
  const auto shown = [](const Storages::Place& at) { return at.name.empty() ? std::string("the main one") : at.name; };
  ++progress.problems;
  logger_.warn("repository_in_another_storage",
               {{"repository", repository.text()},
                {"lies_in", shown(place)},
                {"served_from", shown(storages_.placeOf(repository))},
                {"to_do", "copy it there (skopeo sync, before its namespace is routed), or change storage.routes"}});
}

std::optional<index::ManifestRow> IndexBuilder::readRow(const Reading& reading, const oci::Digest& digest) {
  storage::StorageDriver& driver = storages_.of(reading.repository);
  const auto linked = driver.stat(layout::revisionLink(reading.repository, digest));
  if (!linked) {
    return std::nullopt;  // what a delete leaves: an empty folder
  }
  const auto manifest = readManifest(driver, reading.repository, digest, maxManifestBytes_);
  if (!manifest) {
    ++reading.progress.problems;
    logger_.warn("lost_manifest", {{"repository", reading.repository.text()}, {"digest", digest.text()}});
    return std::nullopt;
  }
  return toRow(digest, *manifest, pushTime(reading.facts, reading.repository, digest, linked->modified));
}

std::set<oci::Digest> IndexBuilder::readManifests(const Reading& reading) {
  std::set<oci::Digest> found;
  for (const auto algorithm : {HashAlgorithm::Sha256, HashAlgorithm::Sha512}) {
    const auto entries =
        children(storages_.of(reading.repository), layout::revisionsFolder(reading.repository, algorithm));
    inPieces(entries.size(), [&](std::size_t begin, std::size_t end) {
      std::vector<std::optional<index::ManifestRow>> rows(end - begin);
      reading.crew.each(rows.size(), [&](std::size_t i) {
        const auto digest = oci::Digest::parse(std::string(oci::toString(algorithm)) + ':' + entries[begin + i].name);
        rows[i] = digest.ok() ? readRow(reading, *digest) : std::nullopt;
      });
      for (const auto& row : rows) {
        if (row) {
          reading.index.putManifest(reading.repository, *row);
          found.insert(row->digest);
          ++reading.progress.manifests;
        }
      }
    });
  }
  return found;
}

void IndexBuilder::addHistory(const Reading& reading, const std::set<oci::Digest>& manifests) {
  storage::StorageDriver& driver = storages_.of(reading.repository);
  const auto tags = reading.facts->events.find(reading.repository.text());
  if (tags == reading.facts->events.end()) {
    return;
  }
  std::set<oci::Digest> told = manifests;
  for (const auto& [tag, events] : tags->second) {
    for (auto event : events) {
      // The bytes of a deleted manifest stay until they are collected.
      if (event.digest && told.insert(*event.digest).second) {
        if (const auto past = readManifest(driver, reading.repository, *event.digest, maxManifestBytes_)) {
          event.mediaType = past->mediaType;
          event.size = past->bytes->size();
        }
      }
      reading.index.addTagEvent(reading.repository, event);
    }
  }
}

std::optional<index::TagRow> IndexBuilder::readTag(const Reading& reading, const oci::Tag& tag, HashAlgorithm algorithm,
                                                   const std::set<oci::Digest>& manifests) {
  storage::StorageDriver& driver = storages_.of(reading.repository);
  const std::string path = layout::tagCurrentLink(reading.repository, tag, algorithm);
  const auto contents = driver.get(path, layout::kMaxLinkBytes);
  const auto digest = contents ? layout::parseLink(*contents) : std::nullopt;
  if (!digest || !manifests.contains(*digest)) {
    // A manifest that has come since they were read brings its tags into the index itself.
    const bool known = digest && driver.stat(layout::revisionLink(reading.repository, *digest));
    reading.progress.problems += contents && !known ? 1 : 0;
    return std::nullopt;
  }
  const auto info = driver.stat(path);
  return index::TagRow{tag, *digest, info ? info->modified : base::WallTime()};
}

std::map<oci::Tag, index::TagRow> IndexBuilder::readTags(const Reading& reading,
                                                         const std::set<oci::Digest>& manifests) {
  std::map<oci::Tag, index::TagRow> found;
  // The sha256 tree last: its link decides where both have one, as for readers.
  for (const auto algorithm : {HashAlgorithm::Sha512, HashAlgorithm::Sha256}) {
    const auto entries = children(storages_.of(reading.repository), layout::tagsFolder(reading.repository, algorithm));
    std::vector<std::optional<index::TagRow>> rows(entries.size());
    reading.crew.each(rows.size(), [&](std::size_t i) {
      const auto tag = oci::Tag::parse(entries[i].name);
      rows[i] = tag ? readTag(reading, *tag, algorithm, manifests) : std::nullopt;
    });
    for (auto& row : rows) {
      if (row) {
        found.insert_or_assign(row->tag, std::move(*row));
      }
    }
  }
  reading.progress.tags += found.size();
  return found;
}

void IndexBuilder::removeOthers(index::Index& index, const oci::RepositoryName& repository,
                                const std::set<oci::Digest>& manifests, const std::map<oci::Tag, index::TagRow>& tags) {
  for (const auto& row : index.manifests(repository, {{}, kAll})) {
    if (!manifests.contains(row.digest)) {
      index.removeManifest(repository, row.digest);
    }
  }
  for (const auto& row : index.tags(repository, {{}, kAll})) {
    if (!tags.contains(row.tag)) {
      index.removeTag(repository, row.tag, row.updatedAt, "");
    }
  }
}

bool IndexBuilder::inStorage(const oci::RepositoryName& repository) {
  storage::StorageDriver& driver = storages_.of(repository);
  for (const auto algorithm : {HashAlgorithm::Sha256, HashAlgorithm::Sha512}) {
    for (const auto& entry : children(driver, layout::repositoryFolder(repository, algorithm))) {
      if (entry.name == "_layers" || entry.name == "_manifests") {
        return true;
      }
    }
  }
  return false;
}

void IndexBuilder::readRepository(const Reading& reading) {
  index::Index& index = reading.index;
  const oci::RepositoryName& repository = reading.repository;
  if (!inStorage(repository)) {
    index.removeRepository(repository);
    return;
  }
  if (!index.hasRepository(repository)) {
    index.touchRepository(repository, base::WallTime());
  }
  const auto manifests = readManifests(reading);
  if (reading.facts) {
    addHistory(reading, manifests);
  }
  const auto tags = readTags(reading, manifests);
  for (const auto& [tag, row] : tags) {
    writeTagRow(index, repository, row, reading.facts);
  }
  if (!reading.facts) {
    removeOthers(index, repository, manifests, tags);
  }
  ++reading.progress.repositories;
}

void IndexBuilder::rebuildRepository(index::Index& index, const oci::RepositoryName& repository) {
  BuildProgress progress;
  Crew alone(0);
  readRepository({index, repository, nullptr, progress, alone});
}

void IndexBuilder::readRepositoryOrMark(const Reading& reading) {
  try {
    readRepository(reading);
  } catch (const storage::StorageError& error) {
    ++reading.progress.problems;
    logger_.error("index_build_skipped", {{"repository", reading.repository.text()}, {"cause", error.what()}});
    reading.index.markDirty(reading.repository);
  }
}

bool IndexBuilder::readAll(index::Index& index, const JournalFacts& facts, BuildProgress& progress,
                           const std::atomic<bool>& stop) {
  const bool remote = isRemote(storages_);
  const unsigned repositories = remote ? kRepositoriesAtOnce : 0;
  std::vector<std::unique_ptr<Crew>> crews;  // one for each thread of `readers`, which ends before them
  for (unsigned i = 0; i < std::max(repositories, 1U); ++i) {
    crews.push_back(std::make_unique<Crew>(remote ? kObjectsAtOnce : 0));
  }
  Crew readers(repositories);
  const Visitor read = [&](const oci::RepositoryName& repository) {
    readers.give([&, repository](unsigned worker) {
      if (!stop) {
        readRepositoryOrMark({index, repository, &facts, progress, *crews[worker]});
      }
    });
    return !stop.load();
  };
  walk(read, [&](const Storages::Place& place, const oci::RepositoryName& repository) {
    warnOfMisplaced(place, repository, progress);
  });
  readers.finish();
  return !stop.load();
}

bool IndexBuilder::build(index::Index& index, BuildProgress& progress, const std::atomic<bool>& stop) {
  JournalFacts facts;
  JournalMarks marks;
  {
    Crew crew(isRemote(storages_) ? kRepositoriesAtOnce * kObjectsAtOnce : 0);
    const auto learn = [&](const JournalPlace& place, const JournalRecord& record) {
      facts.learn(record);
      marks.saw(place, record.at);
    };
    progress.problems += Journal::readAll(storages_.main(), crew, learn);
  }
  facts.conclude();
  if (!readAll(index, facts, progress, stop)) {
    return false;
  }
  for (const auto& [writer, number] : marks.settled()) {
    SequenceMark{number, false}.noteIn(index, writer);
  }
  return true;
}

}  // namespace rha::registry
