#include "index/sqlite_index.h"

#include <utility>

#include "index/read_queries.h"
#include "index/write_commands.h"

namespace rha::index {
namespace {

// Copies the whole of one database over another, as one transaction of the target.
void copyDatabase(Connection& from, Connection& to, std::chrono::milliseconds patience) {
  struct Finish {
    void operator()(sqlite3_backup* backup) const noexcept { sqlite3_backup_finish(backup); }
  };
  const std::unique_ptr<sqlite3_backup, Finish> backup(sqlite3_backup_init(to.handle(), "main", from.handle(), "main"));
  if (!backup) {
    to.fail(sqlite3_errcode(to.handle()), "start copying over it");
  }
  const auto deadline = std::chrono::steady_clock::now() + patience;
  int code = SQLITE_BUSY;
  // The copy does not wait by itself for another process that is writing.
  while ((code == SQLITE_BUSY || code == SQLITE_LOCKED) && std::chrono::steady_clock::now() < deadline) {
    code = sqlite3_backup_step(backup.get(), -1);
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
      sqlite3_sleep(5);
    }
  }
  if (code != SQLITE_DONE) {
    to.fail(code, "copy over it");
  }
}

}  // namespace

template <typename Work>
auto SqliteIndex::watched(const Work& work) {
  try {
    return work();
  } catch (const IndexError& error) {
    if (error.needsRebuild()) {
      damaged_ = true;
    }
    throw;
  }
}

template <typename Work>
auto SqliteIndex::read(const Work& work) {
  return watched([&] {
    auto lease = readers_.lease();
    return work(*lease);
  });
}

SqliteIndex::SqliteIndex(SqliteIndexSettings settings)
    : settings_(std::move(settings)),
      used_(settings_.path),
      dirty_(withSuffix(settings_.path, ".dirty"), settings_.busyTimeout) {}

SqliteIndex::~SqliteIndex() { close(); }

OpenResult SqliteIndex::open() {
  auto result = prepareFile(settings_.path, settings_.busyTimeout);
  dirty_.reserve();
  used_ = result.path;
  start();
  return result;
}

void SqliteIndex::close() noexcept {
  readers_.close();
  kept_.clear();  // another connection may come to lie where one of these was
  // Last: the writer's connection then closes as the last of this process, and leaves no log behind.
  writer_.stop();
}

OpenResult SqliteIndex::recreate() {
  close();
  auto result = replaceDamagedFile(used_, settings_.busyTimeout);
  start();
  return result;
}

void SqliteIndex::start() {
  damaged_ = false;
  Connection connection({.path = used_, .mode = Connection::Mode::Write, .busyTimeout = settings_.busyTimeout});
  readers_.open(used_, settings_.readConnections, settings_.busyTimeout);
  writer_.start(std::move(connection));
}

void SqliteIndex::replaceContents(Connection& source) {
  watched([&] {
    writer_.runAlone([&](Connection& own) {
      copyDatabase(source, own, settings_.busyTimeout);
      // Now rather than at some request's commit. Readers of the old contents may keep it from going through, and then
      // a later one does it: the result does not matter.
      sqlite3_wal_checkpoint_v2(own.handle(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    });
  });
}

void SqliteIndex::write(const Writer::Work& work) {
  watched([&] { writer_.run(work); });
}

void SqliteIndex::putManifest(const RepositoryName& repository, const ManifestRow& row) {
  write([&](Connection& connection) { commands::putManifest(connection, repository, row); });
}

void SqliteIndex::removeManifest(const RepositoryName& repository, const Digest& digest) {
  write([&](Connection& connection) { commands::removeManifest(connection, repository, digest); });
}

void SqliteIndex::putTag(const RepositoryName& repository, const TagRow& row, std::string_view actor) {
  write([&](Connection& connection) { commands::putTag(connection, repository, row, actor); });
}

void SqliteIndex::restoreTag(const RepositoryName& repository, const TagRow& row) {
  write([&](Connection& connection) { commands::restoreTag(connection, repository, row); });
}

void SqliteIndex::removeTag(const RepositoryName& repository, const Tag& tag, WallTime at, std::string_view actor) {
  write([&](Connection& connection) { commands::removeTag(connection, repository, tag, at, actor); });
}

void SqliteIndex::addTagEvent(const RepositoryName& repository, const TagEvent& event) {
  write([&](Connection& connection) { commands::addTagEvent(connection, repository, event); });
}

void SqliteIndex::touchRepository(const RepositoryName& repository, WallTime at) {
  write([&](Connection& connection) { commands::touchRepository(connection, repository, at); });
}

void SqliteIndex::removeRepository(const RepositoryName& repository) {
  write([&](Connection& connection) { commands::removeRepository(connection, repository); });
}

std::vector<RepositoryRow> SqliteIndex::repositories(const Page& page, const Visibility& visibility) {
  return read([&](Connection& connection) { return queries::repositories(connection, page, visibility); });
}

bool SqliteIndex::hasRepository(const RepositoryName& repository) {
  return read([&](Connection& connection) { return queries::hasRepository(connection, repository); });
}

std::vector<std::string> SqliteIndex::tagNames(const RepositoryName& repository, const Page& page) {
  return read([&](Connection& connection) { return queries::tagNames(connection, repository, page); });
}

std::string SqliteIndex::joinedTagNames(const RepositoryName& repository, std::string_view last,
                                        std::string_view separator) {
  const std::string key = repository.text() + ' ' + std::string(last) + ' ' + std::string(separator);
  return read([&](Connection& connection) {
    return kept_.get(connection, key, [&] { return queries::joinedTagNames(connection, repository, last, separator); });
  });
}

std::vector<TagRow> SqliteIndex::tags(const RepositoryName& repository, const Page& page) {
  return read([&](Connection& connection) { return queries::tags(connection, repository, page); });
}

std::vector<Tag> SqliteIndex::tagsOf(const RepositoryName& repository, const Digest& digest) {
  return read([&](Connection& connection) { return queries::tagsOf(connection, repository, digest); });
}

std::vector<TagEvent> SqliteIndex::history(const RepositoryName& repository, const Tag& tag, std::uint64_t limit) {
  return read([&](Connection& connection) { return queries::history(connection, repository, tag, limit); });
}

std::vector<ManifestRow> SqliteIndex::referrers(const RepositoryName& repository, const Digest& subject,
                                                std::string_view artifactType, const Page& page) {
  return read(
      [&](Connection& connection) { return queries::referrers(connection, repository, subject, artifactType, page); });
}

std::optional<ManifestRow> SqliteIndex::manifest(const RepositoryName& repository, const Digest& digest) {
  return read([&](Connection& connection) { return queries::manifest(connection, repository, digest); });
}

std::vector<ManifestRow> SqliteIndex::manifests(const RepositoryName& repository, const Page& page) {
  return read([&](Connection& connection) { return queries::manifests(connection, repository, page); });
}

std::vector<RepositoryName> SqliteIndex::repositoriesWith(const Digest& digest, std::uint64_t limit) {
  return read([&](Connection& connection) { return queries::repositoriesWith(connection, digest, limit); });
}

Statistics SqliteIndex::statistics() {
  auto found = read([&](Connection& connection) { return queries::statistics(connection); });
  found.bytesOnDisk = bytesOnDisk(used_);
  return found;
}

std::optional<std::string> SqliteIndex::mark(std::string_view name) {
  return read([&](Connection& connection) { return queries::mark(connection, name); });
}

void SqliteIndex::setMark(std::string_view name, std::string_view value) {
  write([&](Connection& connection) { commands::setMark(connection, name, value); });
}

void SqliteIndex::markDirty(const RepositoryName& repository) { dirty_.add(repository.text()); }

void SqliteIndex::clearDirty(const RepositoryName& repository) { dirty_.remove(repository.text()); }

std::vector<RepositoryName> SqliteIndex::dirtyRepositories() {
  std::vector<RepositoryName> found;
  for (const auto& text : dirty_.names()) {
    if (auto name = RepositoryName::parse(text)) {
      found.push_back(std::move(*name));
    }
  }
  return found;
}

}  // namespace rha::index
