// Rebuild: an index in the making, beside the one in use. Two streams of writes meet in it:
//
//   feed      what the rebuild reads from the storage and the journal; it may be older than what follows
//   live      what clients write meanwhile (RebuildableIndex sends it here too)
//
// Live wins: what the feed says of a tag, manifest, mark or repository that was written live since the rebuild began is
// dropped. It may have been read from the storage before the live write happened.
//
// Owned by RebuildableIndex. The feed is the Index face of this class: any thread, until the rebuild ends. Its reads
// see what is in the making; its dirty marks are those of the index in use. Failure: IndexError.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "index/index.h"
#include "index/sqlite_index.h"

namespace rha::index {

// What was written live. Used on the writer thread only, so that looking and writing are one step.
class LiveKeys final {
 public:
  // Each throws IndexError when there are too many to remember; its repository is then to be read again.
  void addTag(const RepositoryName& repository, const Tag& tag);
  void addManifest(const RepositoryName& repository, const Digest& digest);
  void addRemovedRepository(const RepositoryName& repository);
  void addMark(std::string_view name);

  // Whether the feed has to leave it alone.
  [[nodiscard]] bool hasTag(const RepositoryName& repository, const Tag& tag) const;
  [[nodiscard]] bool hasManifest(const RepositoryName& repository, const Digest& digest) const;
  [[nodiscard]] bool hasRemovedRepository(const RepositoryName& repository) const;
  [[nodiscard]] bool hasMark(std::string_view name) const;

 private:
  void add(std::string key);
  std::unordered_set<std::string> keys_;
};

class Rebuild final : public Index {
 public:
  // A write of the live stream, which notes its keys. May run twice, as Writer::Work.
  using LiveWork = std::function<void(Connection&, LiveKeys&)>;

  // Starts one for `current`, the index in use, which outlives it. The file is made beside that of `current`, and
  // removed with the object.
  static std::unique_ptr<Rebuild> begin(SqliteIndex& current, SqliteIndexSettings settings);
  // For begin().
  Rebuild(SqliteIndex& current, const SqliteIndexSettings& settings) : current_(current), next_(settings) {}
  ~Rebuild() override;

  // Runs `work` in a transaction.
  void writeLive(const LiveWork& work);
  // What has been built. Nothing may be written any more once it is used to replace another's contents.
  SqliteIndex& index() { return next_; }

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
  // Runs `work` unless the repository was removed live.
  void feed(const RepositoryName& repository, const Writer::Work& work);

  SqliteIndex& current_;
  LiveKeys live_;  // on next_'s writer thread only
  SqliteIndex next_;
};

}  // namespace rha::index
