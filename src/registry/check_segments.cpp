#include "registry/check_segments.h"

#include <algorithm>
#include <utility>

#include "base/hasher.h"
#include "registry/layout.h"
#include "storage/storage_error.h"

namespace rha::registry {
namespace {

constexpr std::size_t kPiece = std::size_t{256} * 1024;

bool sameSegments(const storage::SegmentGroup& one, const storage::SegmentGroup& other) {
  return one.doubt == other.doubt &&
         std::equal(one.segments.begin(), one.segments.end(), other.segments.begin(), other.segments.end(),
                    [](const auto& a, const auto& b) { return a.name == b.name && a.size == b.size; });
}

}  // namespace

CheckSegments::CheckSegments(storage::StorageDriver& driver, storage::SegmentStore& store, std::string storage,
                             index::CheckLedger& ledger, index::Index& index, Blobs& blobs, CheckLooks::Pace pace)
    : driver_(driver),
      store_(store),
      storage_(std::move(storage)),
      ledger_(ledger),
      index_(index),
      blobs_(blobs),
      pace_(std::move(pace)) {}

void CheckSegments::Orphan::keepFor(const std::string& why) {
  keep = true;
  finding.detail = "not to be deleted: " + why;
}

void CheckSegments::note(const oci::Digest& digest) {
  if (ledger_.blob({digest, storage_})) {
    return;
  }
  if (const std::string group = store_.namedBy(layout::blobData(digest)); !group.empty()) {
    ledger_.noteNamed(group, storage_);
  }
}

std::optional<CheckSegments::Orphan> CheckSegments::look(const std::string& group, base::WallTime before) {
  if (ledger_.isNamed(group, storage_)) {
    return std::nullopt;
  }
  const auto upload = store_.stateOf(group);
  if (upload == storage::SegmentUpload::Alive) {
    return std::nullopt;
  }
  Orphan orphan{.group = group, .segments = store_.look(group), .digests = {}, .keep = false, .finding = {}};
  if (orphan.segments.segments.empty() || orphan.segments.newest >= before) {
    return std::nullopt;
  }
  const auto repository = layout::repositoryOfUpload(store_.uploadOf(group));
  orphan.finding = {.kind = FindingKind::OrphanSegments,
                    .repository = repository ? repository->text() : "",
                    .path = group,
                    .bytes = orphan.segments.bytes,
                    .segments = orphan.segments.segments.size()};
  if (upload == storage::SegmentUpload::Unknown) {
    orphan.keepFor("their name does not tell whose they are");
  } else if (!orphan.segments.doubt.empty()) {
    orphan.keepFor(orphan.segments.doubt);
  }
  return orphan;
}

void CheckSegments::hashBeginnings(Orphan& orphan) {
  std::vector<base::Hasher> hashers{base::Hasher(base::HashAlgorithm::Sha256),
                                    base::Hasher(base::HashAlgorithm::Sha512)};
  const auto source = store_.open(orphan.segments);
  std::vector<std::byte> piece(kPiece);
  for (const storage::Segment& segment : orphan.segments.segments) {
    for (std::uint64_t left = segment.size; left > 0;) {
      const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(left, piece.size()));
      const std::size_t count = source->read(std::span(piece).first(want));
      if (count == 0) {
        throw storage::StorageError(storage::StorageFailure::Corrupt, segment.name + ": it ended early");
      }
      for (auto& hasher : hashers) {
        hasher.update(std::span(piece).first(count));
      }
      left -= count;
      pace_(count);
    }
    for (const auto& hasher : hashers) {
      orphan.digests.push_back(oci::Digest::fromHex(hasher.algorithm(), hasher.hex()));
    }
  }
}

bool CheckSegments::isNamedBy(const oci::Digest& digest, const std::string& group) {
  return store_.namedBy(layout::blobData(digest)) == group;
}

bool CheckSegments::isMissed(const oci::Digest& digest) {
  const index::CheckLedger::BlobPlace place{digest, storage_};
  const bool wanted = ledger_.isReferenced(place) || ledger_.blob(place) || !index_.repositoriesWith(digest, 1).empty();
  try {
    const auto info = driver_.examine(layout::blobData(digest));
    return wanted && (!info || (info->size == 0 && !digest.isOfNothing()));
  } catch (const storage::StorageError& error) {
    if (!isCorrupt(error)) {
      throw;
    }
    return true;
  }
}

bool CheckSegments::read(Orphan& orphan) {
  if (orphan.keep) {
    return true;
  }
  hashBeginnings(orphan);
  for (const oci::Digest& digest : orphan.digests) {
    if (isNamedBy(digest, orphan.group)) {
      ledger_.noteNamed(orphan.group, storage_);
      return false;
    }
    if (isMissed(digest)) {
      orphan.keepFor("they are the bytes of " + digest.text() + ", which is missing or damaged");
      orphan.finding.digest = digest;
    }
  }
  return true;
}

FindingOutcome CheckSegments::remove(const Orphan& orphan) {
  if (orphan.keep || orphan.digests.empty()) {
    return FindingOutcome::Left;
  }
  // A publication holds this from before the upload is over until its blob is there: those of this process that began
  // before look() are through.
  if (!blobs_.beforeRemoval()) {
    return FindingOutcome::Left;
  }
  const auto names = [&](const oci::Digest& digest) { return isNamedBy(digest, orphan.group); };
  if (store_.stateOf(orphan.group) != storage::SegmentUpload::Over ||
      std::any_of(orphan.digests.begin(), orphan.digests.end(), names) ||
      !sameSegments(store_.look(orphan.group), orphan.segments)) {
    return FindingOutcome::Left;
  }
  store_.remove(orphan.segments);
  return FindingOutcome::Deleted;
}

}  // namespace rha::registry
