#include "index/rebuildable_index.h"

#include <stdexcept>

#include "index/schema.h"
#include "index/write_commands.h"

namespace rha::index {
namespace {

// How long a writer waits while a rebuilt index is put in place (a large one takes seconds).
constexpr std::chrono::seconds kGatePatience{60};

}  // namespace

std::string_view toString(IndexState state) {
  switch (state) {
    case IndexState::Complete:
      return "complete";
    case IndexState::Building:
      return "building";
    case IndexState::Rebuilding:
      return "rebuilding";
  }
  return "";
}

RebuildableIndex::RebuildableIndex(SqliteIndexSettings settings)
    : settings_(std::move(settings)), current_(settings_) {}

RebuildableIndex::~RebuildableIndex() { close(); }

OpenResult RebuildableIndex::open() {
  auto result = current_.open();
  Rebuild::removeLeftovers(result.path);
  complete_ = current_.mark(kCompleteMark) == completeMarkValue();
  return result;
}

void RebuildableIndex::close() noexcept {
  abandonRebuild();
  current_.close();
}

void RebuildableIndex::requireLists() const {
  if (state() == IndexState::Building) {
    throw IndexError("index: being built; lists are answered once it is complete");
  }
}

IndexState RebuildableIndex::state() const {
  if (!complete_ || current_.damaged()) {
    return IndexState::Building;
  }
  return rebuilding_ ? IndexState::Rebuilding : IndexState::Complete;
}

Index& RebuildableIndex::beginRebuild() {
  const auto closure = gate_.close();
  if (rebuild_) {
    throw std::logic_error("an index rebuild is under way already");
  }
  if (current_.damaged()) {
    complete_ = false;
    current_.recreate();
  }
  rebuild_ = Rebuild::begin(current_, settings_.busyTimeout);
  rebuilding_ = true;
  return *rebuild_;
}

void RebuildableIndex::finishRebuild() {
  const auto closure = gate_.close();
  if (!rebuild_) {
    throw std::logic_error("there is no index rebuild to finish");
  }
  rebuild_->setMark(kCompleteMark, completeMarkValue());
  if (current_.damaged()) {
    complete_ = false;
    current_.recreate();
  }
  rebuild_->putInPlace();
  complete_ = true;
  rebuilding_ = false;
  rebuild_.reset();
}

void RebuildableIndex::abandonRebuild() {
  const auto closure = gate_.close();
  rebuilding_ = false;
  rebuild_.reset();
}

void RebuildableIndex::writeBoth(const RepositoryName& repository, const Writer::Work& onCurrent,
                                 const LiveWork& onNext) {
  const auto pass = gate_.enter(kGatePatience);
  current_.write(onCurrent);
  if (!rebuild_) {
    return;
  }
  try {
    rebuild_->write(onNext);
  } catch (const IndexError&) {
    current_.markDirty(repository);
  }
}

void RebuildableIndex::putManifest(const RepositoryName& repository, const ManifestRow& row) {
  // No key: the same digest is the same manifest, whoever says so, and the earliest time is kept.
  writeBoth(
      repository, [&](Connection& connection) { commands::putManifest(connection, repository, row); },
      [&](Connection& connection, LiveKeys&) { commands::putManifest(connection, repository, row); });
}

void RebuildableIndex::removeManifest(const RepositoryName& repository, const Digest& digest) {
  writeBoth(
      repository, [&](Connection& connection) { commands::removeManifest(connection, repository, digest); },
      [&](Connection& connection, LiveKeys& keys) {
        keys.addManifest(repository, digest);
        commands::removeManifest(connection, repository, digest);
      });
}

void RebuildableIndex::putTag(const RepositoryName& repository, const TagRow& row, std::string_view actor) {
  writeBoth(
      repository, [&](Connection& connection) { commands::putTag(connection, repository, row, actor); },
      [&](Connection& connection, LiveKeys& keys) {
        keys.addTag(repository, row.tag);
        commands::putTag(connection, repository, row, actor);
      });
}

void RebuildableIndex::restoreTag(const RepositoryName& repository, const TagRow& row) {
  writeBoth(
      repository, [&](Connection& connection) { commands::restoreTag(connection, repository, row); },
      [&](Connection& connection, LiveKeys& keys) {
        keys.addTag(repository, row.tag);
        commands::restoreTag(connection, repository, row);
      });
}

void RebuildableIndex::removeTag(const RepositoryName& repository, const Tag& tag, WallTime at,
                                 std::string_view actor) {
  bool existed = !complete_;  // a partial index cannot tell
  writeBoth(
      repository,
      [&](Connection& connection) {
        if (commands::removeTag(connection, repository, tag, at, actor)) {
          existed = true;
        }
      },
      [&](Connection& connection, LiveKeys& keys) {
        keys.addTag(repository, tag);
        // What is being built need not have heard of the tag yet; the deletion is a part of its history all the same.
        if (!commands::removeTag(connection, repository, tag, at, actor) && existed) {
          commands::addTagEvent(connection, repository, {tag, std::nullopt, at, std::string(actor)});
        }
      });
}

void RebuildableIndex::addTagEvent(const RepositoryName& repository, const TagEvent& event) {
  writeBoth(
      repository, [&](Connection& connection) { commands::addTagEvent(connection, repository, event); },
      [&](Connection& connection, LiveKeys&) { commands::addTagEvent(connection, repository, event); });
}

void RebuildableIndex::touchRepository(const RepositoryName& repository, WallTime at) {
  writeBoth(
      repository, [&](Connection& connection) { commands::touchRepository(connection, repository, at); },
      [&](Connection& connection, LiveKeys&) { commands::touchRepository(connection, repository, at); });
}

void RebuildableIndex::removeRepository(const RepositoryName& repository) {
  writeBoth(
      repository, [&](Connection& connection) { commands::removeRepository(connection, repository); },
      [&](Connection& connection, LiveKeys& keys) {
        keys.addRemovedRepository(repository);
        commands::removeRepository(connection, repository);
      });
}

std::vector<RepositoryRow> RebuildableIndex::repositories(const Page& page, const Visibility& visibility) {
  requireLists();
  return current_.repositories(page, visibility);
}
bool RebuildableIndex::hasRepository(const RepositoryName& repository) {
  requireLists();
  return current_.hasRepository(repository);
}
std::vector<std::string> RebuildableIndex::tagNames(const RepositoryName& repository, const Page& page) {
  requireLists();
  return current_.tagNames(repository, page);
}
std::string RebuildableIndex::joinedTagNames(const RepositoryName& repository, std::string_view last,
                                             std::string_view separator) {
  requireLists();
  return current_.joinedTagNames(repository, last, separator);
}
std::vector<TagRow> RebuildableIndex::tags(const RepositoryName& repository, const Page& page) {
  requireLists();
  return current_.tags(repository, page);
}
std::vector<Tag> RebuildableIndex::tagsOf(const RepositoryName& repository, const Digest& digest) {
  requireLists();
  return current_.tagsOf(repository, digest);
}
std::vector<TagEvent> RebuildableIndex::history(const RepositoryName& repository, const Tag& tag, std::uint64_t limit) {
  requireLists();
  return current_.history(repository, tag, limit);
}
std::vector<ManifestRow> RebuildableIndex::referrers(const RepositoryName& repository, const Digest& subject,
                                                     std::string_view artifactType, const Page& page) {
  requireLists();
  return current_.referrers(repository, subject, artifactType, page);
}
std::optional<ManifestRow> RebuildableIndex::manifest(const RepositoryName& repository, const Digest& digest) {
  return current_.manifest(repository, digest);
}
std::vector<ManifestRow> RebuildableIndex::manifests(const RepositoryName& repository, const Page& page) {
  return current_.manifests(repository, page);
}
std::vector<RepositoryName> RebuildableIndex::repositoriesWith(const Digest& digest, std::uint64_t limit) {
  return current_.repositoriesWith(digest, limit);
}
Statistics RebuildableIndex::statistics() { return current_.statistics(); }
std::optional<std::string> RebuildableIndex::mark(std::string_view name) { return current_.mark(name); }

void RebuildableIndex::setMark(std::string_view name, std::string_view value) {
  const auto pass = gate_.enter(kGatePatience);
  current_.setMark(name, value);
  if (!rebuild_) {
    return;
  }
  try {
    rebuild_->write([&](Connection& connection, LiveKeys& keys) {
      keys.addMark(name);
      commands::setMark(connection, name, value);
    });
  } catch (const IndexError&) {
    // The mark stays behind: of the journal, more is then read again than need be.
  }
}

void RebuildableIndex::markDirty(const RepositoryName& repository) { current_.markDirty(repository); }
void RebuildableIndex::clearDirty(const RepositoryName& repository) { current_.clearDirty(repository); }
std::vector<RepositoryName> RebuildableIndex::dirtyRepositories() { return current_.dirtyRepositories(); }

}  // namespace rha::index
