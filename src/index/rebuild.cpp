#include "index/rebuild.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <stdlib.h>

#include "base/fd.h"
#include "index/index_files.h"
#include "index/read_queries.h"
#include "index/write_commands.h"

namespace rha::index {
namespace {

constexpr std::string_view kSuffix = ".new-";
// Few enough that the log of one transaction stays small, many enough that committing costs nothing.
constexpr unsigned kWritesPerCommit = 2000;

// One write within a transaction: undone by itself unless kept.
class Savepoint final {
 public:
  explicit Savepoint(Connection& connection) : connection_(connection) { connection_.query("SAVEPOINT one").run(); }
  Savepoint(const Savepoint&) = delete;
  Savepoint& operator=(const Savepoint&) = delete;
  ~Savepoint() {
    if (!kept_) {
      // Fails only if the whole transaction is gone already.
      sqlite3_exec(connection_.handle(), "ROLLBACK TO one; RELEASE one", nullptr, nullptr, nullptr);
    }
  }
  void keep() {
    connection_.query("RELEASE one").run();
    kept_ = true;
  }

 private:
  Connection& connection_;
  bool kept_ = false;
};

// A name of its own: another process may be rebuilding the same index.
std::filesystem::path makeFile(const std::filesystem::path& beside) {
  std::string path = withSuffix(beside, std::string(kSuffix) + "XXXXXX").native();
  const base::Fd file(::mkstemp(path.data()));
  if (!file.valid()) {
    throw IndexError("index: cannot create " + path + " for a rebuild: " + std::strerror(errno));
  }
  return path;
}

}  // namespace

std::unique_ptr<Rebuild> Rebuild::begin(SqliteIndex& current, std::chrono::milliseconds busyTimeout) {
  const std::filesystem::path path = makeFile(current.path());
  createFile(path, busyTimeout);
  return std::make_unique<Rebuild>(
      current, Connection({.path = path, .synchronous = Connection::Synchronous::Off, .busyTimeout = busyTimeout}));
}

Rebuild::Rebuild(SqliteIndex& current, Connection connection)
    : current_(current), path_(connection.path()), state_(std::move(connection)) {}

Rebuild::~Rebuild() {
  try {
    // The open connection goes on with nameless files, and they with it.
    removeFiles(path_);
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

void Rebuild::write(const std::function<void(Connection&, LiveKeys&)>& work) {
  auto state = state_.lock();
  requireWhole(*state);
  try {
    if (!state->connection.inTransaction()) {
      state->connection.execute("BEGIN");
    }
    Savepoint savepoint(state->connection);
    work(state->connection, state->live);
    savepoint.keep();
    if (++state->uncommitted >= kWritesPerCommit) {
      commit(*state);
    }
  } catch (...) {
    // Without a transaction now, SQLite has given up the whole of it, and not this write alone.
    state->broken = state->broken || (state->uncommitted > 0 && !state->connection.inTransaction());
    throw;
  }
}

void Rebuild::requireWhole(const State& state) {
  if (state.broken) {
    throw IndexError("index " + state.connection.path().string() +
                     ": what was built is incomplete after a failed write; the rebuild has to begin again");
  }
}

void Rebuild::commit(State& state) {
  if (state.connection.inTransaction()) {
    state.broken = true;
    state.connection.execute("COMMIT");
    state.broken = false;
  }
  state.uncommitted = 0;
}

void Rebuild::putInPlace() {
  auto state = state_.lock();
  requireWhole(*state);
  commit(*state);
  current_.replaceContents(state->connection);
}

template <typename Work>
auto Rebuild::read(const Work& work) {
  auto state = state_.lock();
  return work(state->connection);
}

void Rebuild::feed(const RepositoryName& repository, const std::function<void(Connection&, const LiveKeys&)>& work) {
  write([&](Connection& connection, const LiveKeys& live) {
    if (!live.hasRemovedRepository(repository)) {
      work(connection, live);
    }
  });
}

void Rebuild::putManifest(const RepositoryName& repository, const ManifestRow& row) {
  feed(repository, [&](Connection& connection, const LiveKeys& live) {
    if (!live.hasManifest(repository, row.digest)) {
      commands::putManifest(connection, repository, row);
    }
  });
}

void Rebuild::removeManifest(const RepositoryName& repository, const Digest& digest) {
  feed(repository, [&](Connection& connection, const LiveKeys& live) {
    if (!live.hasManifest(repository, digest)) {
      commands::removeManifest(connection, repository, digest);
    }
  });
}

void Rebuild::putTag(const RepositoryName& repository, const TagRow& row, std::string_view actor) {
  feed(repository, [&](Connection& connection, const LiveKeys& live) {
    if (live.hasTag(repository, row.tag)) {
      // Pushed again as it was: then it points there for longer than the live write could know.
      commands::backdateTag(connection, repository, row);
    } else {
      commands::putTag(connection, repository, row, actor);
    }
  });
}

void Rebuild::restoreTag(const RepositoryName& repository, const TagRow& row) {
  feed(repository, [&](Connection& connection, const LiveKeys& live) {
    if (live.hasTag(repository, row.tag)) {
      commands::backdateTag(connection, repository, row);
    } else {
      commands::restoreTag(connection, repository, row);
    }
  });
}

void Rebuild::removeTag(const RepositoryName& repository, const Tag& tag, WallTime at, std::string_view actor) {
  feed(repository, [&](Connection& connection, const LiveKeys& live) {
    if (!live.hasTag(repository, tag)) {
      commands::removeTag(connection, repository, tag, at, actor);
    }
  });
}

void Rebuild::addTagEvent(const RepositoryName& repository, const TagEvent& event) {
  feed(repository,
       [&](Connection& connection, const LiveKeys&) { commands::addTagEvent(connection, repository, event); });
}

void Rebuild::touchRepository(const RepositoryName& repository, WallTime at) {
  feed(repository,
       [&](Connection& connection, const LiveKeys&) { commands::touchRepository(connection, repository, at); });
}

void Rebuild::removeRepository(const RepositoryName& repository) {
  feed(repository,
       [&](Connection& connection, const LiveKeys&) { commands::removeRepository(connection, repository); });
}

void Rebuild::setMark(std::string_view name, std::string_view value) {
  write([&](Connection& connection, const LiveKeys& live) {
    if (!live.hasMark(name)) {
      commands::setMark(connection, name, value);
    }
  });
}

std::vector<RepositoryRow> Rebuild::repositories(const Page& page, const Visibility& visibility) {
  return read([&](Connection& connection) { return queries::repositories(connection, page, visibility); });
}
bool Rebuild::hasRepository(const RepositoryName& repository) {
  return read([&](Connection& connection) { return queries::hasRepository(connection, repository); });
}
std::vector<std::string> Rebuild::tagNames(const RepositoryName& repository, const Page& page) {
  return read([&](Connection& connection) { return queries::tagNames(connection, repository, page); });
}

std::string Rebuild::joinedTagNames(const RepositoryName& repository, std::string_view last,
                                    std::string_view separator) {
  return read([&](Connection& connection) { return queries::joinedTagNames(connection, repository, last, separator); });
}

std::vector<TagRow> Rebuild::tags(const RepositoryName& repository, const Page& page) {
  return read([&](Connection& connection) { return queries::tags(connection, repository, page); });
}
std::vector<Tag> Rebuild::tagsOf(const RepositoryName& repository, const Digest& digest) {
  return read([&](Connection& connection) { return queries::tagsOf(connection, repository, digest); });
}
std::vector<TagEvent> Rebuild::history(const RepositoryName& repository, const Tag& tag, std::uint64_t limit) {
  return read([&](Connection& connection) { return queries::history(connection, repository, tag, limit); });
}
std::vector<ManifestRow> Rebuild::referrers(const RepositoryName& repository, const Digest& subject,
                                            std::string_view artifactType, const Page& page) {
  return read(
      [&](Connection& connection) { return queries::referrers(connection, repository, subject, artifactType, page); });
}
std::optional<ManifestRow> Rebuild::manifest(const RepositoryName& repository, const Digest& digest) {
  return read([&](Connection& connection) { return queries::manifest(connection, repository, digest); });
}
std::vector<ManifestRow> Rebuild::manifests(const RepositoryName& repository, const Page& page) {
  return read([&](Connection& connection) { return queries::manifests(connection, repository, page); });
}
std::vector<RepositoryName> Rebuild::repositoriesWith(const Digest& digest, std::uint64_t limit) {
  return read([&](Connection& connection) { return queries::repositoriesWith(connection, digest, limit); });
}
Statistics Rebuild::statistics() {
  auto found = read([](Connection& connection) { return queries::statistics(connection); });
  found.bytesOnDisk = bytesOnDisk(path_);
  return found;
}
std::optional<std::string> Rebuild::mark(std::string_view name) {
  return read([&](Connection& connection) { return queries::mark(connection, name); });
}

void Rebuild::markDirty(const RepositoryName& repository) { current_.markDirty(repository); }
void Rebuild::clearDirty(const RepositoryName& repository) { current_.clearDirty(repository); }
std::vector<RepositoryName> Rebuild::dirtyRepositories() { return current_.dirtyRepositories(); }

}  // namespace rha::index
