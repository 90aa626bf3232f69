// Rebuild: an index in the making, beside the one in use. Two streams of writes meet in it:
//
//   feed      what the rebuild reads from the storage and the journal; it may be older than what follows
//   live      what clients write meanwhile (RebuildableIndex sends it here too)
//
// Live wins: what the feed says of a tag, manifest, mark or repository that was written live since the rebuild began is
// dropped. It may have been read from the storage before the live write happened.
//
// Everything goes through one connection and its lock, many writes to a transaction: nobody else reads the file, and it
// is of no use once the process has died, so that neither readers' views nor the disk need be thought of at each write.
//
// Owned by RebuildableIndex. The feed is the Index face of this class: any thread, until the rebuild ends. Its reads
// see what is in the making; its dirty marks are those of the index in use. Failure: IndexError; where that has cost
// earlier writes too (disk full), all that follow fail as well, and the rebuild is to be abandoned.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/lock_guarded.h"
#include "index/index.h"
#include "index/live_keys.h"
#include "index/sqlite_index.h"

namespace rha::index {

class Rebuild final : public Index {
 public:
  // Starts one for `current`, the index in use, which outlives it. The file is made beside that of `current`, and
  // removed with the object.
  static std::unique_ptr<Rebuild> begin(SqliteIndex& current, std::chrono::milliseconds busyTimeout);
  // For begin().
  Rebuild(SqliteIndex& current, Connection connection);
  ~Rebuild() override;
  Rebuild(const Rebuild&) = delete;
  Rebuild& operator=(const Rebuild&) = delete;

  // A write of the live stream, which notes its keys.
  void write(const std::function<void(Connection&, LiveKeys&)>& work);
  // Makes the contents of the index in use those built here. After a failure the rebuild goes on.
  void putInPlace();

  // Removes what rebuilds that died have left beside `path`.
  static void removeLeftovers(const std::filesystem::path& path);

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
  struct State {
    explicit State(Connection open) : connection(std::move(open)) {}
    Connection connection;
    LiveKeys live;
    unsigned uncommitted = 0;  // writes
    bool broken = false;       // writes were lost that had been answered
  };

  // Runs `work` on the connection, where it sees all that was written.
  template <typename Work>
  auto read(const Work& work);
  // A write of the feed: runs `work` unless the repository was removed live.
  void feed(const RepositoryName& repository, const std::function<void(Connection&, const LiveKeys&)>& work);
  // Throws if writes were lost.
  static void requireWhole(const State& state);
  static void commit(State& state);

  SqliteIndex& current_;
  std::filesystem::path path_;
  base::LockGuarded<State> state_;  // held across I/O: it is what makes one thing of the connection
};

}  // namespace rha::index
