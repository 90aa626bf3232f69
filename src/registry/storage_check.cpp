#include "registry/storage_check.h"

#include <algorithm>

#include "registry/layout.h"
#include "storage/storage_error.h"

namespace rha::registry {
namespace {

using oci::HashAlgorithm;

// The part that consists of all repositories.
constexpr std::string_view kWalk = "all repositories";
// Value of the ledger: a part that could not be looked at. Blobs may be in there that name segments.
constexpr std::string_view kUnread = "unread";
constexpr std::uint64_t kRowsAtOnce = 500;
// A delete on another registry of the same storage is through by then, and so is a publication.
constexpr std::chrono::seconds kSecondLook{1};

// Thrown to leave a check that is to stop, and caught in run().
struct Stopped {};

std::vector<std::string> foldersIn(storage::StorageDriver& driver, const std::string& folder) {
  std::vector<std::string> names;
  driver.list(folder, [&](const storage::ListEntry& entry) {
    if (entry.isFolder) {
      names.push_back(entry.name);
    }
    return true;
  });
  std::sort(names.begin(), names.end());
  return names;
}

// The digests whose hex are folders in `folder`.
std::vector<oci::Digest> digestsIn(storage::StorageDriver& driver, const std::string& folder, HashAlgorithm algorithm) {
  std::vector<oci::Digest> digests;
  for (const std::string& name : foldersIn(driver, folder)) {
    auto digest = oci::Digest::parse(std::string(oci::toString(algorithm)) + ':' + name);
    if (digest.ok()) {
      digests.push_back(std::move(*digest));
    }
  }
  return digests;
}

std::string twoDigits(unsigned number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  return {kDigits[number / 16], kDigits[number % 16]};
}

}  // namespace

StorageCheck::Desk::Desk(const Storages::Place& place, const Parts& parts, index::CheckLedger& ledger,
                         const CheckLooks::Pace& pace)
    : storage(place.name),
      driver(*place.driver),
      looks(driver, parts.maxManifestBytes, pace),
      mender(driver, parts.storages.main(), parts.index, parts.blobs, parts.journal, looks, parts.clock) {
  if (auto* const store = driver.segments()) {
    segments.emplace(driver, *store, storage, ledger, parts.index, parts.blobs, pace);
  }
}

StorageCheck::StorageCheck(const Parts& parts, index::CheckLedger& ledger, Hooks hooks, CheckProgress& progress)
    : parts_(parts),
      ledger_(ledger),
      hooks_(std::move(hooks)),
      progress_(progress),
      desks_(makeDesks()),
      at_(desks_.front().get()) {}

std::vector<std::unique_ptr<StorageCheck::Desk>> StorageCheck::makeDesks() {
  std::vector<std::unique_ptr<Desk>> desks;
  const auto pace = [this](std::uint64_t bytes) {
    progress_.bytesRead += bytes;
    hooks_.pace(bytes);
    breakOffIfStopped();
  };
  for (const Storages::Place& place : parts_.storages.all()) {
    desks.push_back(std::make_unique<Desk>(place, parts_, ledger_, pace));
  }
  return desks;
}

void StorageCheck::breakOffIfStopped() const {
  if (hooks_.stop) {
    throw Stopped();
  }
}

bool StorageCheck::run(const CheckOptions& options) {
  options_ = options;
  beginWithLedger();
  try {
    const auto check = [&](const oci::RepositoryName& repository) {
      breakOffIfStopped();
      partOfBlobs("repository " + repository.text(), repository.text(), [&] { checkRepository(repository); });
      ++progress_.repositories;
      return true;
    };
    if (!options.only.empty()) {
      std::for_each(options.only.begin(), options.only.end(), check);
      return true;
    }
    partOfBlobs(std::string(kWalk), "", [&] { parts_.builder.forEachRepository(check); });
    progress_.atBlobs = true;
    for (const auto& desk : desks_) {
      at_ = desk.get();
      checkAllBlobs();
      progress_.atSegments = true;
      checkSegments();
      progress_.atSegments = false;
    }
    return true;
  } catch (const Stopped&) {
    return false;
  }
}

void StorageCheck::beginWithLedger() {
  if (ledger_.value("started").empty()) {
    ledger_.setValue("started", base::formatRfc3339Micros(parts_.clock.now()));
  }
  startedAt_ = base::parseRfc3339(ledger_.value("started")).value_or(parts_.clock.now());
  auto sums = ledger_.sums();
  progress_.tags = sums["tags"];
  progress_.manifests = sums["manifests"];
  progress_.repositories = ledger_.isDone(std::string(kWalk)) ? sums["repositories"] : 0;
  const auto [blobs, bytes] = ledger_.blobTotals();
  progress_.blobs = blobs;
  progress_.blobBytes = bytes;
}

void StorageCheck::partOfBlobs(const std::string& name, const std::string& repository,
                               const std::function<void()>& work) {
  if (!part(name, repository, work)) {
    ledger_.setValue(kUnread, name);
  }
}

bool StorageCheck::part(const std::string& name, const std::string& repository, const std::function<void()>& work) {
  if (ledger_.isDone(name)) {
    return true;
  }
  CheckFinding unchecked{.kind = FindingKind::Unchecked, .repository = repository, .path = name};
  try {
    work();
  } catch (const storage::StorageError& error) {
    unchecked.detail = error.what();
    report(unchecked);
    return false;
  }
  unchecked.storage = at_->storage;
  ledger_.forget(keyOf(unchecked));  // of a run before this one
  ledger_.markDone(name);
  return true;
}

void StorageCheck::checkRepository(const oci::RepositoryName& repository) {
  const auto& places = parts_.storages.all();
  const auto index = &parts_.storages.placeOf(repository) - places.data();
  at_ = desks_[static_cast<std::size_t>(index)].get();
  sums_ = {{"repositories", 1}};
  const auto linked = checkLayers(repository);
  checkManifests(repository, linked);
  checkTags(repository);
  checkUploads(repository);
  for (const auto& [name, count] : sums_) {
    ledger_.addTo(name, count);
  }
}

index::CheckLedger::SeenBlob StorageCheck::meet(const oci::Digest& digest) {
  const auto known = ledger_.blob(placeOf(digest));
  if (known && (known->good || !changedSince(digest))) {
    return *known;
  }
  auto seen = lookAtData(digest, options_.readAll ? CheckLooks::Depth::Bytes : CheckLooks::Depth::Size);
  progress_.blobs += known ? 0 : 1;
  progress_.blobBytes += known ? 0 : seen.size;
  return seen;
}

index::CheckLedger::SeenBlob StorageCheck::lookAtData(const oci::Digest& digest, CheckLooks::Depth depth) {
  CheckLooks::SeenBlob seen;
  judge(nullptr, [&] { return at_->looks.atBlob(digest, depth, seen); });
  ledger_.noteBlob(placeOf(digest), seen);
  if (!seen.segments.empty()) {
    ledger_.noteNamed(seen.segments, at_->storage);
  }
  return seen;
}

bool StorageCheck::changedSince(const oci::Digest& digest) {
  const auto info = at_->driver.stat(layout::blobData(digest));
  return info && info->modified >= startedAt_;
}

std::set<oci::Digest> StorageCheck::checkLayers(const oci::RepositoryName& repository) {
  std::set<oci::Digest> linked;
  for (const auto algorithm : {HashAlgorithm::Sha256, HashAlgorithm::Sha512}) {
    for (const auto& digest : digestsIn(at_->driver, layout::layersFolder(repository, algorithm), algorithm)) {
      breakOffIfStopped();
      if (!at_->driver.stat(layout::layerLink(repository, digest))) {
        continue;  // what a delete leaves: an empty folder
      }
      const auto seen = meet(digest);
      judge(&repository, [&] { return at_->looks.atLayer(repository, digest, seen); });
      linked.insert(digest);
    }
  }
  return linked;
}

void StorageCheck::checkManifests(const oci::RepositoryName& repository, const std::set<oci::Digest>& linked) {
  for (const auto algorithm : {HashAlgorithm::Sha256, HashAlgorithm::Sha512}) {
    for (const auto& digest : digestsIn(at_->driver, layout::revisionsFolder(repository, algorithm), algorithm)) {
      breakOffIfStopped();
      if (!at_->driver.stat(layout::revisionLink(repository, digest))) {
        continue;
      }
      ++progress_.manifests;
      ++sums_["manifests"];
      ledger_.noteReferenced(placeOf(digest));
      auto seen = meet(digest);
      if (seen.good && !options_.readAll && seen.size <= parts_.maxManifestBytes) {
        seen = lookAtData(digest, CheckLooks::Depth::Bytes);  // manifests are read in any case
      }
      judge(&repository, [&] { return at_->looks.atRevision(repository, digest); });
      if (seen.good) {
        checkReferences(repository, digest, linked);
      }
    }
  }
}

void StorageCheck::checkReferences(const oci::RepositoryName& repository, const oci::Digest& manifest,
                                   const std::set<oci::Digest>& linked) {
  const auto contents = at_->looks.contentsOf(manifest);
  ++sums_["manifests " + contents.mediaType];
  for (const auto& reference : contents.references) {
    breakOffIfStopped();
    ledger_.noteReferenced(placeOf(reference.digest));
    if (reference.isManifest) {
      judge(&repository, [&] { return at_->looks.atReference(repository, manifest, reference); });
      continue;
    }
    auto seen = meet(reference.digest);
    const bool otherSize = reference.size && *reference.size != seen.size;
    if (seen.good && otherSize && !options_.readAll) {
      seen = lookAtData(reference.digest, CheckLooks::Depth::Bytes);  // which of the two is wrong
    }
    if (!seen.good || otherSize || !linked.contains(reference.digest)) {
      judge(&repository, [&] { return at_->looks.atReference(repository, manifest, reference, seen); });
    }
  }
}

void StorageCheck::checkTags(const oci::RepositoryName& repository) {
  // The sha256 tree is what readers ask first; what is left in the other one behind it does no harm.
  std::set<std::string> shown;
  for (const auto algorithm : {HashAlgorithm::Sha256, HashAlgorithm::Sha512}) {
    for (const std::string& name : foldersIn(at_->driver, layout::tagsFolder(repository, algorithm))) {
      breakOffIfStopped();
      const auto tag = oci::Tag::parse(name);
      if (!tag || shown.contains(name)) {
        continue;
      }
      if (at_->driver.stat(layout::tagCurrentLink(repository, *tag, algorithm))) {
        shown.insert(name);
        ++progress_.tags;
        ++sums_["tags"];
      }
      judge(&repository, [&] { return at_->looks.atTag(repository, *tag, algorithm); });
      judge(&repository, [&] { return at_->looks.atTagIndex(repository, *tag, algorithm); });
    }
  }
}

void StorageCheck::checkUploads(const oci::RepositoryName& repository) {
  const auto ids = parts_.uploads.abandoned(repository);
  std::uint64_t removed = 0;
  if (!ids.empty() && options_.mending == Mending::DeriveAndDelete && hooks_.mayWrite()) {
    removed = parts_.uploads.purge(repository);
  }
  for (const std::string& id : ids) {
    report({.kind = FindingKind::AbandonedUpload,
            .repository = repository.text(),
            .path = layout::uploadsFolder(repository) + '/' + id,
            .outcome = removed >= ids.size() ? FindingOutcome::Deleted : FindingOutcome::Left});
  }
}

void StorageCheck::checkAllBlobs() {
  for (const auto algorithm : {HashAlgorithm::Sha256, HashAlgorithm::Sha512}) {
    for (unsigned number = 0; number < 256; ++number) {
      breakOffIfStopped();
      const std::string folder = layout::blobsFolder(algorithm, twoDigits(number));
      partOfBlobs(at_->storage + ':' + folder, "", [&] { checkBlobsIn(folder, algorithm); });
    }
  }
}

void StorageCheck::checkBlobsIn(const std::string& folder, HashAlgorithm algorithm) {
  for (const auto& digest : digestsIn(at_->driver, folder, algorithm)) {
    breakOffIfStopped();
    if (at_->driver.stat(layout::blobData(digest))) {
      const bool good = meet(digest).good;
      if (good && !ledger_.isReferenced(placeOf(digest))) {
        checkOrphan(digest);
      }
    } else if (at_->segments) {
      at_->segments->note(digest);  // it may be there, and damaged
    }
  }
}

void StorageCheck::checkOrphan(const oci::Digest& digest) {
  const std::string path = layout::blobData(digest);
  const auto info = at_->driver.stat(path);
  if (!info || info->modified > parts_.clock.now() - options_.orphanAge) {
    return;
  }
  try {
    // A push of the time since its repository was looked at.
    if (!parts_.index.repositoriesWith(digest, 1).empty()) {
      return;
    }
  } catch (const index::IndexError&) {
    return;  // being built: this time it cannot be told
  }
  report({.kind = FindingKind::OrphanBlob, .digest = digest, .path = path, .bytes = info->size});
}

void StorageCheck::checkSegments() {
  if (!at_->segments) {
    return;
  }
  const std::string name = at_->storage + ":segments";
  try {
    part(name, "", [&] {
      if (const std::string unread = ledger_.value(kUnread); !unread.empty()) {
        throw storage::StorageError(storage::StorageFailure::Unavailable,
                                    "what names segments may be where it could not be looked: " + unread);
      }
      noteIndexed();
      at_->driver.segments()->list([&](const std::string& group) {
        breakOffIfStopped();
        checkGroup(group);
        return true;
      });
    });
  } catch (const index::IndexError& error) {
    report({.kind = FindingKind::Unchecked, .path = name, .detail = error.what()});
  }
}

void StorageCheck::noteIndexed() {
  index::Page page{"", kRowsAtOnce};
  for (auto rows = parts_.index.repositories(page, {}); !rows.empty(); rows = parts_.index.repositories(page, {})) {
    for (const auto& row : rows) {
      if (&parts_.storages.of(row.name) == &at_->driver) {
        noteIndexed(row.name);
      }
    }
    page.last = rows.back().name.text();
  }
}

void StorageCheck::noteIndexed(const oci::RepositoryName& repository) {
  index::Page page{"", kRowsAtOnce};
  for (auto rows = parts_.index.manifests(repository, page); !rows.empty();
       rows = parts_.index.manifests(repository, page)) {
    for (const auto& manifest : rows) {
      breakOffIfStopped();
      at_->segments->note(manifest.digest);
      for (const auto& reference : manifest.references) {
        at_->segments->note(reference.digest);
      }
    }
    page.last = rows.back().digest.text();
  }
}

void StorageCheck::checkGroup(const std::string& group) {
  CheckFinding unchecked{.kind = FindingKind::Unchecked, .storage = at_->storage, .path = group};
  try {
    if (const auto finding = orphanAt(group)) {
      report(*finding);
    }
    ledger_.forget(keyOf(unchecked));  // of a run before this one
  } catch (const storage::StorageError& error) {
    unchecked.detail = error.what();
    report(unchecked);
  }
}

std::optional<CheckFinding> StorageCheck::orphanAt(const std::string& group) {
  const auto age = std::max(options_.orphanAge, parts_.uploads.purgeAfter());
  auto orphan = at_->segments->look(group, startedAt_ - age);
  const bool mayDelete = options_.mending == Mending::DeriveAndDelete && hooks_.mayWrite();
  if (!orphan || ((mayDelete || options_.readAll) && !at_->segments->read(*orphan))) {
    return std::nullopt;
  }
  if (mayDelete && !orphan->keep) {
    hooks_.wait(kSecondLook);
    breakOffIfStopped();
    orphan->finding.outcome = at_->segments->remove(*orphan);
  }
  return orphan->finding;
}

void StorageCheck::judge(const oci::RepositoryName* repository, const Look& look) {
  auto finding = look();
  if (!finding) {
    return;
  }
  if (finding->kind == FindingKind::DanglingTag || finding->kind == FindingKind::TagRemains) {
    hooks_.wait(kSecondLook);
    breakOffIfStopped();
  }
  {
    const auto turn = repository ? parts_.turns.lock(repository->text()) : KeyedMutex::Turn();
    finding = look();
    if (!finding) {
      return;
    }
    if (finding->kind == FindingKind::WrongDigest) {
      at_->driver.noteWrongBytes(finding->path);  // so that a push replaces them, whether they are deleted or not
    }
    if (options_.mending != Mending::Nothing && hooks_.mayWrite()) {
      finding->outcome = at_->mender.mend(*finding, options_.mending);
    }
  }
  report(*finding);
}

void StorageCheck::report(CheckFinding finding) {
  finding.storage = at_->storage;
  ledger_.add({keyOf(finding), std::string(rowOf(finding.kind).name), std::string(toString(finding.outcome)),
               finding.bytes, toJson(finding)});
  ++progress_.findings;
  hooks_.found(finding);
}

}  // namespace rha::registry
