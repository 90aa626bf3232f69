// SqliteIndex: the Index in an SQLite file (schema.h), one writer thread and a few read connections.
//
//   caller ── write ──> writer.h   one thread, batched commits ──┐
//          └─ read ───> reader_pool.h   N connections ───────────┴─> PATH (WAL: readers never wait for the writer)
//
// Two processes may have the same file open, as at an upgrade: each sees what the other committed; a writer waits for
// the other's transaction, at most busyTimeout.
// Owned by the composition root, or by RebuildableIndex. Thread-safe but for open(), recreate() and close(), which one
// thread calls; recreate() may run while others read and write: they get an IndexError until it is done.
// Failure: IndexError; needsRebuild() on damage, which damaged() remembers.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "index/dirty_file.h"
#include "index/index.h"
#include "index/index_files.h"
#include "index/kept_lists.h"
#include "index/reader_pool.h"
#include "index/writer.h"

namespace rha::index {

struct SqliteIndexSettings {
  std::filesystem::path path;
  unsigned readConnections = 4;
  // For the other process's transaction, and for a read connection to come free.
  std::chrono::milliseconds busyTimeout{5000};
};

class SqliteIndex final : public Index {
 public:
  explicit SqliteIndex(SqliteIndexSettings settings);
  ~SqliteIndex() override;
  SqliteIndex(const SqliteIndex&) = delete;
  SqliteIndex& operator=(const SqliteIndex&) = delete;

  // Opens the index, after putting right what can be; says what it found. Precondition: not open.
  OpenResult open();
  // Finishes what is under way and closes; every later call throws IndexError. Again: nothing.
  void close() noexcept;
  // Moves a damaged file aside and goes on with an empty one.
  OpenResult recreate();
  // Makes the contents of this index those of the file that `source` has open (no transaction in it), all in one
  // transaction: a reader sees all of the old or all of the new, in other processes too. Writes wait meanwhile (about a
  // second per 100 MB). After a failure the contents are the old ones.
  void replaceContents(Connection& source);
  // Runs `work` on the writer thread in a transaction, for writes that have to look first. See Writer::Work.
  void write(const Writer::Work& work);

  // Whether damage was met since open() or recreate().
  [[nodiscard]] bool damaged() const { return damaged_.load(); }
  // The file in use, once open.
  [[nodiscard]] const std::filesystem::path& path() const { return used_; }

  void putManifest(const RepositoryName& repository, const ManifestRow& row) override;
  void removeManifest(const RepositoryName& repository, const Digest& digest) override;
  void putTag(const RepositoryName& repository, const TagRow& row, std::string_view actor) override;
  void restoreTag(const RepositoryName& repository, const TagRow& row) override;
  void removeTag(const RepositoryName& repository, const Tag& tag, WallTime at, std::string_view actor) override;
  void addTagEvent(const RepositoryName& repository, const TagEvent& event) override;
  void touchRepository(const RepositoryName& repository, WallTime at) override;
  void removeRepository(const RepositoryName& repository) override;

  std::vector<RepositoryRow> repositories(const Page& page, const Visibility& visibility) override;
  [[nodiscard]] bool hasRepository(const RepositoryName& repository) override;
  std::vector<TagRow> tags(const RepositoryName& repository, const Page& page) override;
  std::vector<std::string> tagNames(const RepositoryName& repository, const Page& page) override;
  std::string joinedTagNames(const RepositoryName& repository, std::string_view last,
                             std::string_view separator) override;
  std::vector<Tag> tagsOf(const RepositoryName& repository, const Digest& digest) override;
  std::vector<TagEvent> history(const RepositoryName& repository, const Tag& tag, std::uint64_t limit) override;
  std::vector<ManifestRow> referrers(const RepositoryName& repository, const Digest& subject,
                                     std::string_view artifactType, const Page& page) override;
  std::optional<ManifestRow> manifest(const RepositoryName& repository, const Digest& digest) override;
  std::vector<ManifestRow> manifests(const RepositoryName& repository, const Page& page) override;
  std::vector<RepositoryName> repositoriesWith(const Digest& digest, std::uint64_t limit) override;
  Statistics statistics() override;

  std::optional<std::string> mark(std::string_view name) override;
  void setMark(std::string_view name, std::string_view value) override;
  void markDirty(const RepositoryName& repository) override;
  void clearDirty(const RepositoryName& repository) override;
  std::vector<RepositoryName> dirtyRepositories() override;

 private:
  void start();
  // Runs `work` with a read connection.
  template <typename Work>
  auto read(const Work& work);
  // Runs `work`, remembering damage that it meets.
  template <typename Work>
  auto watched(const Work& work);

  SqliteIndexSettings settings_;
  std::filesystem::path used_;  // never changes while others may call
  DirtyFile dirty_;
  Writer writer_;
  ReaderPool readers_;
  KeptLists kept_;
  std::atomic<bool> damaged_{false};
};

}  // namespace rha::index
