// Index: what exists and who refers to what. A cache of the storage: losing it costs a rebuild, never data
// (architecture, decision 2). Lists come from here; whether a blob or manifest may be served never does.
//
// Thread-safe: any method from any thread at once; readers never wait for writers. Blocking (disk).
// A write is visible to every later read of this process when its call returns. It survives the death of the process;
// a power cut may undo the last writes, all later than some moment and the marks with them, so that what was lost is
// found again from the journal on. Dirty marks alone survive a power cut at once.
// Failure: reads and writes throw IndexError; the caller answers lists with 503 and lets pulls and pushes go on. A
// write that failed changed nothing (a failed one of which the answer was lost may have: all are idempotent). Contract
// suite: tests/contract/index.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "oci/digest.h"
#include "oci/names.h"

namespace rha::index {

using base::WallTime;
using oci::Digest;
using oci::RepositoryName;
using oci::Tag;

enum class IndexFailure : std::uint8_t {
  Unavailable,  // locked, disk full, I/O error, closed: later it may work
  Corrupt,      // the file is damaged: only a rebuild helps
};

// what() names the file, what failed and what to do: for the log, never for a client.
class IndexError : public std::runtime_error {
 public:
  explicit IndexError(const std::string& what, IndexFailure failure = IndexFailure::Unavailable)
      : std::runtime_error(what), failure_(failure) {}
  [[nodiscard]] IndexFailure failure() const { return failure_; }
  [[nodiscard]] bool needsRebuild() const { return failure_ == IndexFailure::Corrupt; }

 private:
  IndexFailure failure_;
};

enum class ReferenceKind : std::uint8_t { Config, Layer, Manifest, Subject };

// One edge from a manifest to content.
struct ReferenceRow {
  ReferenceKind kind;
  Digest digest;
  std::uint64_t size = 0;
  std::string mediaType;
  std::string platform;
};

struct ManifestRow {
  Digest digest;
  std::string mediaType;
  std::uint64_t size = 0;       // bytes of the manifest itself
  std::string artifactType;     // as the referrers API gives it
  std::string annotationsJson;  // a JSON object, or empty
  std::optional<Digest> subject;
  std::vector<ReferenceRow> references;
  WallTime pushedAt;
};

struct TagRow {
  Tag tag;
  Digest digest;
  WallTime updatedAt;
};

// One event in the life of a tag, newest last. `digest` is empty for a deletion.
struct TagEvent {
  Tag tag;
  std::optional<Digest> digest;
  WallTime at;
  std::string actor;
  // Of the manifest, as history() gives them, also when it was deleted since; empty and 0 if they are not known.
  std::string mediaType = {};
  std::uint64_t size = 0;
};

struct RepositoryRow {
  RepositoryName name;
  WallTime updatedAt;
  std::uint64_t tagCount = 0;
};

struct Page {
  std::string last;         // exclusive lower bound, empty = from the start; need not exist
  std::uint64_t limit = 0;  // most rows to return
};

// Which repositories a caller may learn of: whole namespaces, asked of the access layer once per request.
// A name is visible if the longest prefix in `rules` that matches it says so ("" matches all; of equal prefixes the
// last one counts). A name that no rule matches is hidden, unless there are no rules at all.
struct Visibility {
  struct Rule {
    std::string prefix;  // compared as text; "restricted/" covers the repository "restricted" too
    bool visible = true;
  };
  std::vector<Rule> rules;  // empty: all visible
};

struct Statistics {
  std::uint64_t repositories = 0;
  std::uint64_t tags = 0;
  std::uint64_t manifests = 0;
  std::uint64_t bytesOnDisk = 0;
};

class Index {
 public:
  Index() = default;
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;
  virtual ~Index() = default;

  // ---- writes

  // What is put into a repository makes it known; no write moves its updatedAt back.

  // Records a manifest. Again for the same digest: the earliest pushedAt is kept, all else replaced.
  virtual void putManifest(const RepositoryName& repository, const ManifestRow& row) = 0;
  // Forgets a manifest of that repository and its references, but for what history() says of it. Tags are removed by
  // removeTag().
  virtual void removeManifest(const RepositoryName& repository, const Digest& digest) = 0;
  // Points a tag at a digest and appends the event to its history. If it points there already, only the repository's
  // updatedAt is touched.
  virtual void putTag(const RepositoryName& repository, const TagRow& row, std::string_view actor) = 0;
  // Points a tag at a digest without touching its history: for rebuilds, which bring the history by addTagEvent().
  virtual void restoreTag(const RepositoryName& repository, const TagRow& row) = 0;
  // Removes a tag and appends the deletion to its history. Nothing if there is no such tag.
  virtual void removeTag(const RepositoryName& repository, const Tag& tag, WallTime at, std::string_view actor) = 0;
  // Adds an event that happened earlier (from the journal, at a rebuild) to the history, at its place in time. Nothing
  // if that very event is known, but for what it says of a manifest that is gone. Does not change where the tag points.
  virtual void addTagEvent(const RepositoryName& repository, const TagEvent& event) = 0;
  // Makes a repository known before it has a tag or manifest (a first blob), and touches updatedAt.
  virtual void touchRepository(const RepositoryName& repository, WallTime at) = 0;
  // Forgets a repository whole, with its manifests, tags and history.
  virtual void removeRepository(const RepositoryName& repository) = 0;

  // ---- reads

  // Names in ASCII order, only those `visibility` shows; filtered in the query, so that pages are full.
  virtual std::vector<RepositoryRow> repositories(const Page& page, const Visibility& visibility) = 0;
  [[nodiscard]] virtual bool hasRepository(const RepositoryName& repository) = 0;
  // Tags in ASCII order.
  virtual std::vector<TagRow> tags(const RepositoryName& repository, const Page& page) = 0;
  // The names of the same tags, several times faster: lists of ten thousand are asked for often.
  virtual std::vector<std::string> tagNames(const RepositoryName& repository, const Page& page) = 0;
  // The names of all tags after `last` as one text, with `separator` between them: for lists without an end, of
  // which no string is made for each name.
  virtual std::string joinedTagNames(const RepositoryName& repository, std::string_view last,
                                     std::string_view separator) = 0;
  // All tags that point at `digest`.
  virtual std::vector<Tag> tagsOf(const RepositoryName& repository, const Digest& digest) = 0;
  // Newest first, at most `limit`. Events that changed nothing (the same digest as the one before) are not shown.
  virtual std::vector<TagEvent> history(const RepositoryName& repository, const Tag& tag, std::uint64_t limit) = 0;
  // Manifests whose subject is `subject`, by digest; only those of `artifactType` when it is not empty.
  // page.last is a digest's text, whole or its beginning.
  virtual std::vector<ManifestRow> referrers(const RepositoryName& repository, const Digest& subject,
                                             std::string_view artifactType, const Page& page) = 0;
  virtual std::optional<ManifestRow> manifest(const RepositoryName& repository, const Digest& digest) = 0;
  virtual std::vector<ManifestRow> manifests(const RepositoryName& repository, const Page& page) = 0;
  // Repositories with a manifest that refers to the blob `digest` (config or layer), at most `limit`: where to look for
  // a blob that a client wants to mount from anywhere.
  virtual std::vector<RepositoryName> repositoriesWith(const Digest& digest, std::uint64_t limit) = 0;
  virtual Statistics statistics() = 0;

  // ---- state that survives a restart

  // A small named value ("journal.<writer>" = last applied number, "rebuild.complete" = schema …); nullopt if unset.
  virtual std::optional<std::string> mark(std::string_view name) = 0;
  virtual void setMark(std::string_view name, std::string_view value) = 0;
  // Repositories whose rows are known to be wrong: an index write failed. Durable; they are re-read from storage.
  virtual void markDirty(const RepositoryName& repository) = 0;
  virtual void clearDirty(const RepositoryName& repository) = 0;
  virtual std::vector<RepositoryName> dirtyRepositories() = 0;
};

}  // namespace rha::index
