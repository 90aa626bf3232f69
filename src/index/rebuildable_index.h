// RebuildableIndex: an Index that can be built anew from the storage while it is read and written.
//
//   Index& feed = index.beginRebuild();
//   …                                  // read the storage and the journal, write what they say into `feed`
//   index.finishRebuild();             // or abandonRebuild()
//
// Reads are answered by the index in use. Live writes go to both while a rebuild lasts; what was written live wins over
// what is fed (rebuild.h). finishRebuild() copies the new contents over the old in one transaction, so that no reader
// fails, none sees a mixture, and another process with the same file sees them too. A rebuild that is not finished
// (abandoned, or the process died) leaves the index in use as it was.
//
// Thread-safe: the Index face and state() from any thread; open(), close() and the rebuild's three from one thread.
// Failure: IndexError. After a failed finishRebuild() the rebuild goes on and may be finished again.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "index/index.h"
#include "index/rebuild.h"
#include "index/sqlite_index.h"
#include "index/write_gate.h"

namespace rha::index {

enum class IndexState : std::uint8_t {
  Complete,    // lists may be answered
  Building,    // empty, partial or damaged: lists answer 503 with Retry-After until a rebuild is finished
  Rebuilding,  // being built anew, and the one in use still answers lists
};
std::string_view toString(IndexState state);

class RebuildableIndex final : public Index {
 public:
  explicit RebuildableIndex(SqliteIndexSettings settings);
  ~RebuildableIndex() override;
  RebuildableIndex(const RebuildableIndex&) = delete;
  RebuildableIndex& operator=(const RebuildableIndex&) = delete;

  // Opens the index in use (sqlite_index.h). The caller begins a rebuild if state() is Building afterwards: the result
  // says so, or an earlier rebuild was not finished.
  OpenResult open();
  void close() noexcept;

  [[nodiscard]] IndexState state() const;

  // Starts a rebuild; a damaged index in use is moved aside first. The feed takes the writes of the rebuild and shows
  // what is built so far; it is gone after finishRebuild() or abandonRebuild(). Feed a tag's history before the tag.
  // Marks (of the journal's positions) begin unset. Precondition: no rebuild under way.
  Index& beginRebuild();
  // Puts what was built in place; writers wait meanwhile. Dirty marks stay: those repositories are to be read again.
  void finishRebuild();
  // Drops what was built; nothing if there is no rebuild.
  void abandonRebuild();

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
  using LiveWork = std::function<void(Connection&, LiveKeys&)>;

  // Throws IndexError while the index is Building: no list may be partial.
  void requireLists() const;
  // Runs a live write on the index in use and, if there is one, on that in the making; a repository that the latter
  // could not take is marked dirty.
  void writeBoth(const RepositoryName& repository, const Writer::Work& onCurrent, const LiveWork& onNext);

  SqliteIndexSettings settings_;
  SqliteIndex current_;
  WriteGate gate_;
  std::unique_ptr<Rebuild> rebuild_;  // changes only while gate_ is closed
  std::atomic<bool> complete_{false};
  std::atomic<bool> rebuilding_{false};
};

}  // namespace rha::index
