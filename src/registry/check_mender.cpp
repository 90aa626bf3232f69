#include "registry/check_mender.h"

#include <algorithm>

#include "registry/layout.h"
#include "registry/standing.h"

namespace rha::registry {
namespace {

using oci::HashAlgorithm;
using storage::Durability;

// What the journal and the history of tags name as who did it.
constexpr std::string_view kActor = "fsck";
// A blob that somebody stored a moment ago was not what was looked at.
constexpr std::chrono::minutes kSettled{10};

oci::RepositoryName repositoryOf(const CheckFinding& finding) {
  return oci::RepositoryName::parse(finding.repository).value();
}

oci::Tag tagOf(const CheckFinding& finding) { return oci::Tag::parse(finding.tag).value(); }

// A tag's links lie in either tree; the finding's path tells in which it was seen.
HashAlgorithm treeOf(const CheckFinding& finding) {
  const auto sha512 = layout::tagFolder(repositoryOf(finding), tagOf(finding), HashAlgorithm::Sha512);
  return finding.path.starts_with(sha512 + '/') ? HashAlgorithm::Sha512 : HashAlgorithm::Sha256;
}

}  // namespace

CheckMender::CheckMender(storage::StorageDriver& driver, storage::StorageDriver& main, index::Index& index,
                         Blobs& blobs, Journal& journal, CheckLooks& looks, const base::Clock& clock)
    : driver_(driver), main_(main), index_(index), blobs_(blobs), journal_(journal), looks_(looks), clock_(clock) {}

void CheckMender::write(const std::string& path, const oci::Digest& digest) {
  const auto change = changing(driver_, path);
  driver_.put(path, digest.text(), Durability::Durable);
}

void CheckMender::record(JournalRecord::Action action, const CheckFinding& finding) {
  const bool ofTag = action == JournalRecord::Action::Tag || action == JournalRecord::Action::Untag;
  const auto number = journal_.append({action, clock_.now(), finding.repository, ofTag ? finding.tag : "",
                                       finding.digest ? finding.digest->text() : "", std::string(kActor), ""});
  // The index learns of it from the storage.
  try {
    index_.markDirty(repositoryOf(finding));
  } catch (const index::IndexError&) {
    return;  // the record stays unsettled: the next start looks
  }
  journal_.settle(number);
}

bool CheckMender::wasDeleted(const CheckFinding& finding) {
  if (!deleted_) {
    deleted_.emplace();
    Journal::readAll(main_, [&](const JournalPlace&, const JournalRecord& each) {
      if (each.action == JournalRecord::Action::Delete) {
        auto& at = (*deleted_)[each.repository + ' ' + each.digest];
        at = std::max(at, each.at);
      }
    });
    // Twice, so that memory is needed for the deleted ones only.
    Journal::readAll(main_, [&](const JournalPlace&, const JournalRecord& each) {
      const auto found = deleted_->find(each.repository + ' ' + each.digest);
      if (found != deleted_->end() && each.action != JournalRecord::Action::Delete && each.at > found->second) {
        deleted_->erase(found);
      }
    });
  }
  return deleted_->contains(finding.repository + ' ' + finding.digest->text());
}

FindingOutcome CheckMender::mend(const CheckFinding& finding, Mending allowed) {
  if (allowed == Mending::Nothing) {
    return FindingOutcome::Left;
  }
  const bool mayDelete = allowed == Mending::DeriveAndDelete;
  switch (finding.kind) {
    case FindingKind::UnindexedTag:
    case FindingKind::UnlinkedBlob:
      write(finding.path, *finding.digest);
      return FindingOutcome::Repaired;
    case FindingKind::DanglingTag:
      return mendTag(finding, allowed);
    case FindingKind::BadTagLink:
      return mendBadTag(finding, allowed);
    case FindingKind::BadRevisionLink:
      return mendRevision(finding, allowed);
    case FindingKind::BadLayerLink:
      return mendLayer(finding, allowed);
    case FindingKind::TagRemains:
      return mayDelete ? deleteTag(finding) : FindingOutcome::Left;
    case FindingKind::LostManifest:
      return mayDelete ? deleteRevision(finding) : FindingOutcome::Left;
    case FindingKind::DanglingLayer:
      return mayDelete ? deleteLayer(finding) : FindingOutcome::Left;
    case FindingKind::EmptyBlob:
    case FindingKind::WrongDigest:
      return mayDelete ? deleteData(finding) : FindingOutcome::Left;
    default:
      return FindingOutcome::Left;
  }
}

FindingOutcome CheckMender::mendTag(const CheckFinding& finding, Mending allowed) {
  // A delete removes the manifest's link, then its tags: one that was broken off in between is not to be undone.
  if (!wasDeleted(finding) && looks_.isSound(*finding.digest)) {
    record(JournalRecord::Action::Manifest, finding);
    write(layout::revisionLink(repositoryOf(finding), *finding.digest), *finding.digest);
    return FindingOutcome::Repaired;
  }
  return allowed == Mending::DeriveAndDelete ? deleteTag(finding) : FindingOutcome::Left;
}

FindingOutcome CheckMender::mendBadTag(const CheckFinding& finding, Mending allowed) {
  const auto repository = repositoryOf(finding);
  const auto tag = tagOf(finding);
  const HashAlgorithm algorithm = treeOf(finding);
  std::optional<oci::Digest> target;
  try {
    const auto history = index_.history(repository, tag, 1);
    target = history.empty() ? std::nullopt : history.front().digest;
  } catch (const index::IndexError&) {
    target = std::nullopt;
  }
  if (target && (target->algorithm() != algorithm || !driver_.stat(layout::revisionLink(repository, *target)) ||
                 !driver_.stat(layout::tagIndexLink(repository, tag, *target)))) {
    target = std::nullopt;
  }
  if (!target && !driver_.traits().shared) {
    target = looks_.onlyTarget(repository, tag, algorithm);  // rests on a listing
  }
  if (target) {
    CheckFinding settled = finding;
    settled.digest = target;
    record(JournalRecord::Action::Tag, settled);
    const auto change = changing(driver_, layout::tagCurrentLink(repository, tag, HashAlgorithm::Sha256));
    driver_.put(finding.path, target->text(), Durability::Durable);
    return FindingOutcome::Repaired;
  }
  return allowed == Mending::DeriveAndDelete ? deleteTag(finding) : FindingOutcome::Left;
}

FindingOutcome CheckMender::mendRevision(const CheckFinding& finding, Mending allowed) {
  if (looks_.isSound(*finding.digest)) {
    write(finding.path, *finding.digest);
    return FindingOutcome::Repaired;
  }
  return allowed == Mending::DeriveAndDelete ? deleteRevision(finding) : FindingOutcome::Left;
}

FindingOutcome CheckMender::mendLayer(const CheckFinding& finding, Mending allowed) {
  CheckLooks::SeenBlob seen;
  looks_.atBlob(*finding.digest, CheckLooks::Depth::Size, seen);
  if (seen.good) {
    write(finding.path, *finding.digest);
    return FindingOutcome::Repaired;
  }
  return allowed == Mending::DeriveAndDelete ? deleteLayer(finding) : FindingOutcome::Left;
}

FindingOutcome CheckMender::deleteTag(const CheckFinding& finding) {
  const auto repository = repositoryOf(finding);
  const auto tag = tagOf(finding);
  record(JournalRecord::Action::Untag, finding);
  {
    const auto change = changing(driver_, layout::tagCurrentLink(repository, tag, HashAlgorithm::Sha256));
    driver_.remove(layout::tagCurrentLink(repository, tag, treeOf(finding)));
    if (finding.digest && driver_.stat(layout::revisionLink(repository, *finding.digest))) {
      driver_.put(finding.path, finding.digest->text(), Durability::Durable);
      return FindingOutcome::Left;
    }
  }
  driver_.removeTree(layout::tagFolder(repository, tag, treeOf(finding)));
  return FindingOutcome::Deleted;
}

FindingOutcome CheckMender::deleteRevision(const CheckFinding& finding) {
  record(JournalRecord::Action::Delete, finding);
  const auto change = changing(driver_, finding.path);
  driver_.remove(finding.path);
  driver_.remove(layout::manifestType(repositoryOf(finding), *finding.digest));
  if (looks_.isSound(*finding.digest)) {
    driver_.put(finding.path, finding.digest->text(), Durability::Durable);
    return FindingOutcome::Left;
  }
  return FindingOutcome::Deleted;
}

FindingOutcome CheckMender::deleteLayer(const CheckFinding& finding) {
  const auto removal = blobs_.beforeRemoval();
  CheckLooks::SeenBlob seen;
  looks_.atBlob(*finding.digest, CheckLooks::Depth::Size, seen);
  if (seen.good || !removal) {
    return FindingOutcome::Left;
  }
  const auto change = changing(driver_, finding.path);
  driver_.remove(finding.path);
  looks_.atBlob(*finding.digest, CheckLooks::Depth::Size, seen);
  if (seen.good) {
    driver_.put(finding.path, finding.digest->text(), Durability::Durable);
    return FindingOutcome::Left;
  }
  return FindingOutcome::Deleted;
}

FindingOutcome CheckMender::deleteData(const CheckFinding& finding) {
  const auto removal = blobs_.beforeRemoval();
  const auto info = driver_.stat(finding.path);
  // What was looked at, as far as can be seen; on shared storage others may be storing the blob at this moment.
  const bool fresh = driver_.traits().shared && info && info->modified > clock_.now() - kSettled;
  if (!removal || !info || info->size != finding.bytes || fresh) {
    return FindingOutcome::Left;
  }
  return driver_.remove(finding.path) ? FindingOutcome::Deleted : FindingOutcome::Left;
}

}  // namespace rha::registry
