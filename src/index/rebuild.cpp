#include "index/rebuild.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <stdlib.h>

#include "base/fd.h"
#include "index/index_files.h"
#include "index/write_commands.h"

namespace rha::index {
namespace {

constexpr std::string_view kSuffix = ".new-";
// About 40 MB. A rebuild takes minutes; what is written beyond this while it lasts is read again afterwards.
constexpr std::size_t kMostLiveKeys = 250'000;

// A name of its own: another process may be rebuilding the same index.
std::filesystem::path makeFile(const std::filesystem::path& beside) {
  std::string path = withSuffix(beside, std::string(kSuffix) + "XXXXXX").native();
  const base::Fd file(::mkstemp(path.data()));
  if (!file.valid()) {
    throw IndexError("index: cannot create " + path + " for a rebuild: " + std::strerror(errno));
  }
  return path;
}

std::string tagKey(const RepositoryName& repository, const Tag& tag) {
  return "tag " + repository.text() + ':' + tag.text();
}
std::string manifestKey(const RepositoryName& repository, const Digest& digest) {
  return "manifest " + repository.text() + '@' + digest.text();
}
std::string removedKey(const RepositoryName& repository) { return "removed " + repository.text(); }
std::string markKey(std::string_view name) { return "mark " + std::string(name); }

}  // namespace

void LiveKeys::addTag(const RepositoryName& repository, const Tag& tag) { add(tagKey(repository, tag)); }
void LiveKeys::addManifest(const RepositoryName& repository, const Digest& digest) {
  add(manifestKey(repository, digest));
}
void LiveKeys::addRemovedRepository(const RepositoryName& repository) { add(removedKey(repository)); }
void LiveKeys::addMark(std::string_view name) { add(markKey(name)); }

bool LiveKeys::hasTag(const RepositoryName& repository, const Tag& tag) const {
  return keys_.contains(tagKey(repository, tag));
}
bool LiveKeys::hasManifest(const RepositoryName& repository, const Digest& digest) const {
  return keys_.contains(manifestKey(repository, digest));
}
bool LiveKeys::hasRemovedRepository(const RepositoryName& repository) const {
  return keys_.contains(removedKey(repository));
}
bool LiveKeys::hasMark(std::string_view name) const { return keys_.contains(markKey(name)); }

void LiveKeys::add(std::string key) {
  if (keys_.size() >= kMostLiveKeys && !keys_.contains(key)) {
    throw IndexError("index: more than " + std::to_string(kMostLiveKeys) + " writes during a rebuild");
  }
  keys_.insert(std::move(key));
}

std::unique_ptr<Rebuild> Rebuild::begin(SqliteIndex& current, SqliteIndexSettings settings) {
  settings.path = makeFile(current.path());
  settings.readConnections = 1;
  settings.synchronous = Connection::Synchronous::Off;
  auto rebuild = std::make_unique<Rebuild>(current, settings);
  rebuild->next_.create();
  return rebuild;
}

Rebuild::~Rebuild() {
  next_.close();
  try {
    removeFiles(next_.path());
  } catch (const IndexError&) {
    // What remains is removed by removeLeftovers() at the next start.
  }
}

void Rebuild::removeLeftovers(const std::filesystem::path& path) {
  // One of another process that is at it right now may be among them: it goes on with its nameless files.
  for (const auto& file : filesBeside(path, kSuffix)) {
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
  }
}

void Rebuild::writeLive(const LiveWork& work) {
  next_.write([&](Connection& connection) { work(connection, live_); });
}

void Rebuild::feed(const RepositoryName& repository, const Writer::Work& work) {
  next_.write([&](Connection& connection) {
    if (!live_.hasRemovedRepository(repository)) {
      work(connection);
    }
  });
}

void Rebuild::putManifest(const RepositoryName& repository, const ManifestRow& row) {
  feed(repository, [&](Connection& connection) {
    if (!live_.hasManifest(repository, row.digest)) {
      commands::putManifest(connection, repository, row);
    }
  });
}

void Rebuild::removeManifest(const RepositoryName& repository, const Digest& digest) {
  feed(repository, [&](Connection& connection) {
    if (!live_.hasManifest(repository, digest)) {
      commands::removeManifest(connection, repository, digest);
    }
  });
}

void Rebuild::putTag(const RepositoryName& repository, const TagRow& row, std::string_view actor) {
  feed(repository, [&](Connection& connection) {
    if (live_.hasTag(repository, row.tag)) {
      // Pushed again as it was: then it points there for longer than the live write could know.
      commands::backdateTag(connection, repository, row);
    } else {
      commands::putTag(connection, repository, row, actor);
    }
  });
}

void Rebuild::restoreTag(const RepositoryName& repository, const TagRow& row) {
  feed(repository, [&](Connection& connection) {
    if (live_.hasTag(repository, row.tag)) {
      commands::backdateTag(connection, repository, row);
    } else {
      commands::restoreTag(connection, repository, row);
    }
  });
}

void Rebuild::removeTag(const RepositoryName& repository, const Tag& tag, WallTime at, std::string_view actor) {
  feed(repository, [&](Connection& connection) {
    if (!live_.hasTag(repository, tag)) {
      commands::removeTag(connection, repository, tag, at, actor);
    }
  });
}

void Rebuild::addTagEvent(const RepositoryName& repository, const TagEvent& event) {
  feed(repository, [&](Connection& connection) { commands::addTagEvent(connection, repository, event); });
}

void Rebuild::touchRepository(const RepositoryName& repository, WallTime at) {
  feed(repository, [&](Connection& connection) { commands::touchRepository(connection, repository, at); });
}

void Rebuild::removeRepository(const RepositoryName& repository) {
  feed(repository, [&](Connection& connection) { commands::removeRepository(connection, repository); });
}

void Rebuild::setMark(std::string_view name, std::string_view value) {
  next_.write([&](Connection& connection) {
    if (!live_.hasMark(name)) {
      commands::setMark(connection, name, value);
    }
  });
}

std::vector<RepositoryRow> Rebuild::repositories(const Page& page, const Visibility& visibility) {
  return next_.repositories(page, visibility);
}
bool Rebuild::hasRepository(const RepositoryName& repository) { return next_.hasRepository(repository); }
std::vector<TagRow> Rebuild::tags(const RepositoryName& repository, const Page& page) {
  return next_.tags(repository, page);
}
std::vector<Tag> Rebuild::tagsOf(const RepositoryName& repository, const Digest& digest) {
  return next_.tagsOf(repository, digest);
}
std::vector<TagEvent> Rebuild::history(const RepositoryName& repository, const Tag& tag, std::uint64_t limit) {
  return next_.history(repository, tag, limit);
}
std::vector<ManifestRow> Rebuild::referrers(const RepositoryName& repository, const Digest& subject,
                                            std::string_view artifactType, const Page& page) {
  return next_.referrers(repository, subject, artifactType, page);
}
std::optional<ManifestRow> Rebuild::manifest(const RepositoryName& repository, const Digest& digest) {
  return next_.manifest(repository, digest);
}
std::vector<ManifestRow> Rebuild::manifests(const RepositoryName& repository, const Page& page) {
  return next_.manifests(repository, page);
}
std::vector<RepositoryName> Rebuild::repositoriesWith(const Digest& digest, std::uint64_t limit) {
  return next_.repositoriesWith(digest, limit);
}
Statistics Rebuild::statistics() { return next_.statistics(); }
std::optional<std::string> Rebuild::mark(std::string_view name) { return next_.mark(name); }

void Rebuild::markDirty(const RepositoryName& repository) { current_.markDirty(repository); }
void Rebuild::clearDirty(const RepositoryName& repository) { current_.clearDirty(repository); }
std::vector<RepositoryName> Rebuild::dirtyRepositories() { return current_.dirtyRepositories(); }

}  // namespace rha::index
