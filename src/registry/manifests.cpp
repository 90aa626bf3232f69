#include "registry/manifests.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "registry/index_builder.h"
#include "registry/layout.h"

namespace rha::registry {
namespace {

using oci::ErrorCode;
using oci::HashAlgorithm;
using storage::Durability;

// A manifest that names more blobs than this that are missing is told of the first ones only.
constexpr std::size_t kMaxMissingShown = 100;

oci::Error unknownManifest(const std::string& reference) {
  return {ErrorCode::ManifestUnknown, {}, nlohmann::json{{"reference", reference}}.dump(), 0};
}

// One error for each blob, as clients of the old registry read them.
oci::Error missingBlobs(const std::vector<oci::Digest>& missing) {
  nlohmann::json details = nlohmann::json::array();
  for (std::size_t i = 0; i < std::min(missing.size(), kMaxMissingShown); ++i) {
    details.push_back({{"digest", missing[i].text()}});
  }
  return {ErrorCode::ManifestBlobUnknown,
          "the repository lacks a blob to which the manifest refers, " + missing.front().text() +
              (missing.size() > 1 ? " and " + std::to_string(missing.size() - 1) + " more" : std::string()),
          details.dump(), 0};
}

// A registry need not have the bytes of a foreign layer.
bool mayBeAbsent(const oci::Descriptor& descriptor) {
  return descriptor.hasUrls || oci::media_type::isNonDistributable(descriptor.mediaType);
}

oci::Error preconditionFailed(const std::optional<oci::Digest>& current) {
  return {ErrorCode::PreconditionFailed,
          current ? "it is " + current->text() + " now, and not what If-Match or If-None-Match asked for"
                  : std::string("If-Match asks for something that is not there now"),
          {},
          0};
}

index::ReferenceRow referenceRow(index::ReferenceKind kind, const oci::Descriptor& descriptor) {
  return {kind, descriptor.digest, descriptor.size, descriptor.mediaType, descriptor.platform};
}

}  // namespace

index::ManifestRow toRow(const oci::Digest& digest, const oci::Manifest& manifest, std::uint64_t size,
                         base::WallTime pushedAt) {
  index::ManifestRow row{digest, manifest.mediaType, size, manifest.artifactType, {}, std::nullopt, {}, pushedAt};
  if (!manifest.annotations.empty()) {
    row.annotationsJson = nlohmann::json(manifest.annotations).dump();
  }
  if (manifest.subject) {
    row.subject = manifest.subject->digest;
    row.references.push_back(referenceRow(index::ReferenceKind::Subject, *manifest.subject));
  }
  if (manifest.config) {
    row.references.push_back(referenceRow(index::ReferenceKind::Config, *manifest.config));
  }
  for (const auto& layer : manifest.layers) {
    row.references.push_back(referenceRow(index::ReferenceKind::Layer, layer));
  }
  for (const auto& child : manifest.manifests) {
    row.references.push_back(referenceRow(index::ReferenceKind::Manifest, child));
  }
  return row;
}

index::ManifestRow toRow(const oci::Digest& digest, const ReadManifest& manifest, base::WallTime pushedAt) {
  oci::Manifest parsed = manifest.parsed.value_or(oci::Manifest{});
  parsed.mediaType = manifest.mediaType;
  return toRow(digest, parsed, manifest.bytes->size(), pushedAt);
}

Manifests::Manifests(Storages storages, index::Index& index, Blobs& blobs, Journal& journal, KeyedMutex& turns,
                     const base::Clock& clock, const base::Logger& logger, std::uint64_t maxManifestBytes)
    : storages_(std::move(storages)),
      index_(index),
      blobs_(blobs),
      journal_(journal),
      turns_(turns),
      clock_(clock),
      logger_(logger),
      maxManifestBytes_(maxManifestBytes) {}

std::string Manifests::tagKey(const oci::RepositoryName& repository, const oci::Tag& tag) {
  return layout::tagCurrentLink(repository, tag, HashAlgorithm::Sha256);
}

std::optional<oci::Digest> Manifests::readTag(const oci::RepositoryName& repository, const oci::Tag& tag) {
  storage::StorageDriver& driver = storageOf(repository);
  // sha256 first: see writeTag() for why a leftover link of the other tree does no harm.
  for (const auto algorithm : {HashAlgorithm::Sha256, HashAlgorithm::Sha512}) {
    const auto contents = driver.get(layout::tagCurrentLink(repository, tag, algorithm), layout::kMaxLinkBytes);
    if (!contents) {
      continue;
    }
    if (auto digest = layout::parseLink(*contents)) {
      return digest;
    }
    logger_.error("damaged_tag", {{"repository", repository.text()},
                                  {"tag", tag.text()},
                                  {"hint", "its current link holds no digest; push the tag again or delete it"}});
  }
  return std::nullopt;
}

std::optional<oci::Digest> Manifests::resolve(const oci::RepositoryName& repository, const oci::Tag& tag) {
  auto digest = readTag(repository, tag);
  if (!digest || !storageOf(repository).stat(layout::revisionLink(repository, *digest))) {
    return std::nullopt;
  }
  return digest;
}

std::optional<oci::Digest> Manifests::currentDigest(const oci::RepositoryName& repository,
                                                    const oci::Reference& reference) {
  if (reference.tag() != nullptr) {
    return resolve(repository, *reference.tag());
  }
  return storageOf(repository).stat(layout::revisionLink(repository, *reference.digest()))
             ? std::optional(*reference.digest())
             : std::nullopt;
}

base::Result<StoredManifest, oci::Error> Manifests::get(const oci::RepositoryName& repository,
                                                        const oci::Reference& reference) {
  storage::StorageDriver& driver = storageOf(repository);
  Standing standing(driver);
  if (reference.tag() != nullptr) {
    standing.include(tagKey(repository, *reference.tag()));
  }
  const auto digest = reference.digest() ? std::optional(*reference.digest()) : readTag(repository, *reference.tag());
  if (!digest) {
    return base::fail(unknownManifest(reference.text()));
  }
  const auto revision = layout::revisionLink(repository, *digest);
  standing.include(revision);
  auto manifest = read(repository, *digest, revision, reference.tag() != nullptr);
  if (!manifest) {
    return base::fail(unknownManifest(reference.text()));
  }
  return StoredManifest{*digest, std::move(manifest->mediaType), std::move(manifest->bytes), standing};
}

ManifestMemory* Manifests::memoryOf(const oci::RepositoryName& repository) const {
  return storageOf(repository).traits().shared ? memory_ : nullptr;
}

storage::ChangeCounters::Change Manifests::changingManifest(const oci::RepositoryName& repository,
                                                            const std::string& revision) const {
  ManifestMemory* memory = memoryOf(repository);
  return memory != nullptr ? memory->changing(revision) : changing(storageOf(repository), revision);
}

std::optional<ReadManifest> Manifests::readFromStorage(const oci::RepositoryName& repository,
                                                       const oci::Digest& digest) {
  auto manifest = readForServing(storageOf(repository), repository, digest, maxManifestBytes_);
  if (!manifest) {
    logger_.error("lost_manifest", {{"repository", repository.text()},
                                    {"digest", digest.text()},
                                    {"hint", "its revision link stands but its bytes are gone; push it again"}});
  }
  return manifest;
}

std::optional<ReadManifest> Manifests::read(const oci::RepositoryName& repository, const oci::Digest& digest,
                                            const std::string& revision, bool byTag) {
  ManifestMemory* memory = memoryOf(repository);
  if (memory == nullptr) {
    return storageOf(repository).stat(revision) ? readFromStorage(repository, digest) : std::nullopt;
  }
  auto kept = memory->find(revision);
  if (kept && kept->linkStands && byTag) {
    memory->countHit();
    return std::move(kept->manifest);
  }
  const auto look = memory->look(revision);
  if (!storageOf(repository).stat(revision)) {
    memory->forget(revision);
    return std::nullopt;
  }
  if (kept && kept->manifest.typeIsStated) {
    memory->linkIsThere(revision, look);
    memory->countHit();
    return std::move(kept->manifest);
  }
  memory->countMiss();
  auto manifest = readFromStorage(repository, digest);
  if (manifest) {
    memory->keep(revision, look, digest, *manifest);
  }
  return manifest;
}

base::Result<void, oci::Error> Manifests::checkReferences(const oci::RepositoryName& repository,
                                                          const oci::Manifest& manifest) {
  std::vector<oci::Digest> missing;
  const auto check = [&](const oci::Descriptor& descriptor) {
    if (!mayBeAbsent(descriptor) && !blobs_.stat(repository, descriptor.digest).ok()) {
      missing.push_back(descriptor.digest);
    }
  };
  if (manifest.kind == oci::ManifestKind::Image) {
    if (manifest.config) {
      check(*manifest.config);
    }
    std::for_each(manifest.layers.begin(), manifest.layers.end(), check);
  }
  if (missing.empty()) {
    return {};
  }
  return base::fail(missingBlobs(missing));
}

template <typename Write>
void Manifests::toIndex(const oci::RepositoryName& repository, const std::vector<std::uint64_t>& records,
                        Write&& write) {
  // The storage has the truth and the client its answer: what the index lacks is read again later.
  try {
    try {
      write();
    } catch (const index::IndexError& error) {
      logger_.warn("index_write_failed", {{"repository", repository.text()}, {"cause", error.what()}});
      index_.markDirty(repository);
    }
  } catch (const index::IndexError& error) {
    logger_.error("index_unwritable", {{"repository", repository.text()},
                                       {"cause", error.what()},
                                       {"hint", "lists lack this change until the next start"}});
    return;
  }
  std::for_each(records.begin(), records.end(), [&](std::uint64_t number) { journal_.settle(number); });
}

void Manifests::writeTag(const oci::RepositoryName& repository, const oci::Tag& tag, const oci::Digest& digest) {
  storage::StorageDriver& driver = storageOf(repository);
  const auto change = changing(driver, tagKey(repository, tag));
  driver.put(layout::tagIndexLink(repository, tag, digest), digest.text(), Durability::Durable);
  driver.put(layout::tagCurrentLink(repository, tag, digest.algorithm()), digest.text(), Durability::Durable);
  // Readers prefer the sha256 tree. To sha512: until the old link below is gone the tag has not moved, and nobody was
  // told so. To sha256: it has moved already, and the old link is hidden.
  const auto other = digest.algorithm() == HashAlgorithm::Sha256 ? HashAlgorithm::Sha512 : HashAlgorithm::Sha256;
  driver.remove(layout::tagCurrentLink(repository, tag, other));
}

void Manifests::dropTag(const oci::RepositoryName& repository, const oci::Tag& tag) {
  storage::StorageDriver& driver = storageOf(repository);
  const auto change = changing(driver, tagKey(repository, tag));
  // The hidden link first, or it would come to light.
  for (const auto algorithm : {HashAlgorithm::Sha512, HashAlgorithm::Sha256}) {
    driver.remove(layout::tagCurrentLink(repository, tag, algorithm));
    driver.removeTree(layout::tagFolder(repository, tag, algorithm));
  }
}

bool Manifests::stillStands(const oci::RepositoryName& repository, const oci::Digest& digest,
                            const std::vector<oci::Tag>& tags) {
  storage::StorageDriver& driver = storageOf(repository);
  if (tags.empty() || !driver.traits().shared || driver.stat(layout::revisionLink(repository, digest))) {
    return true;
  }
  for (const auto& tag : tags) {
    if (readTag(repository, tag) == digest) {
      dropTag(repository, tag);
    }
  }
  return false;
}

base::Result<PushedManifest, oci::Error> Manifests::put(const ManifestPush& push) {
  auto parsed = oci::parseManifest(push.bytes, push.contentType);
  if (!parsed) {
    return base::fail(oci::Error{ErrorCode::ManifestInvalid, parsed.error(), {}, 0});
  }
  const oci::Digest* asked = push.reference.digest();
  const auto digest = oci::Digest::of(push.bytes, asked ? asked->algorithm() : HashAlgorithm::Sha256);
  if (asked && digest != *asked) {
    return base::fail(oci::Error{ErrorCode::DigestInvalid,
                                 "the manifest has the digest " + digest.text() + ", not the one in the request",
                                 {},
                                 0});
  }
  if (auto complete = checkReferences(push.repository, *parsed); !complete) {
    return base::fail(std::move(complete).error());
  }
  std::vector<oci::Tag> tags = push.moreTags;
  if (const oci::Tag* tag = push.reference.tag()) {
    tags.insert(tags.begin(), *tag);
  }
  const auto turn = turns_.lock(push.repository.text());
  if (push.condition) {
    const auto current = currentDigest(push.repository, push.reference);
    if (!push.condition(current)) {
      return base::fail(preconditionFailed(current));
    }
  }
  store(push, *parsed, digest, tags);
  PushedManifest pushed{digest, std::nullopt};
  if (parsed->subject) {
    pushed.subject = parsed->subject->digest;
  }
  return pushed;
}

void Manifests::store(const ManifestPush& push, const oci::Manifest& manifest, const oci::Digest& digest,
                      const std::vector<oci::Tag>& tags) {
  storage::StorageDriver& driver = storageOf(push.repository);
  const auto now = clock_.now();
  JournalRecord record{JournalRecord::Action::Manifest,
                       now,
                       push.repository.text(),
                       {},
                       digest.text(),
                       push.actor.name,
                       push.actor.address};
  std::vector<std::uint64_t> records{journal_.append(record)};
  const auto kept = blobs_.keepData();
  driver.put(layout::blobData(digest), push.bytes, Durability::Durable);
  const auto revision = layout::revisionLink(push.repository, digest);
  if (needsTypeFile(push.bytes, manifest)) {
    // A manifest that is there already may be served as another type from here on.
    const auto change = changingManifest(push.repository, revision);
    driver.put(layout::manifestType(push.repository, digest), manifest.mediaType, Durability::Durable);
  }
  driver.put(revision, digest.text(), Durability::Durable);
  for (const auto& tag : tags) {
    record.action = JournalRecord::Action::Tag;
    record.tag = tag.text();
    records.push_back(journal_.append(record));
    writeTag(push.repository, tag, digest);
  }
  if (!stillStands(push.repository, digest, tags)) {
    std::for_each(records.begin(), records.end(), [&](std::uint64_t number) { journal_.settle(number); });
    return;
  }
  toIndex(push.repository, records, [&] {
    index_.putManifest(push.repository, toRow(digest, manifest, push.bytes.size(), now));
    for (const auto& tag : tags) {
      index_.putTag(push.repository, {tag, digest, now}, push.actor.name);
    }
  });
}

base::Result<void, oci::Error> Manifests::removeTag(const oci::RepositoryName& repository, const oci::Tag& tag,
                                                    const Actor& actor, const Condition& condition) {
  const auto turn = turns_.lock(repository.text());
  const auto current = resolve(repository, tag);
  if (!current) {
    return base::fail(unknownManifest(tag.text()));
  }
  if (condition && !condition(current)) {
    return base::fail(preconditionFailed(current));
  }
  const auto now = clock_.now();
  const auto number = journal_.append(
      {JournalRecord::Action::Untag, now, repository.text(), tag.text(), {}, actor.name, actor.address});
  dropTag(repository, tag);
  toIndex(repository, {number}, [&] { index_.removeTag(repository, tag, now, actor.name); });
  return {};
}

std::vector<oci::Tag> Manifests::mayPointAt(const oci::RepositoryName& repository, const oci::Digest& digest) {
  storage::StorageDriver& driver = storageOf(repository);
  try {
    const auto dirty = index_.dirtyRepositories();
    if (std::find(dirty.begin(), dirty.end(), repository) == dirty.end()) {
      return index_.tagsOf(repository, digest);
    }
  } catch (const index::IndexError&) {
    // Being built: the storage knows.
  }
  // A tag that was left pointing at a manifest which is gone would come back with it.
  std::vector<oci::Tag> tags;
  for (const auto algorithm : {HashAlgorithm::Sha256, HashAlgorithm::Sha512}) {
    driver.list(layout::tagsFolder(repository, algorithm), [&](const storage::ListEntry& entry) {
      if (auto tag = oci::Tag::parse(entry.name)) {
        tags.push_back(std::move(*tag));
      }
      return true;
    });
  }
  std::sort(tags.begin(), tags.end());
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
  return tags;
}

base::Result<void, oci::Error> Manifests::removeManifest(const oci::RepositoryName& repository,
                                                         const oci::Digest& digest, const Actor& actor,
                                                         const Condition& condition) {
  if (beforeRemoval_) {
    beforeRemoval_();
  }
  storage::StorageDriver& driver = storageOf(repository);
  const auto turn = turns_.lock(repository.text());
  if (!driver.stat(layout::revisionLink(repository, digest))) {
    return base::fail(unknownManifest(digest.text()));
  }
  if (condition && !condition(digest)) {
    return base::fail(preconditionFailed(digest));
  }
  const auto candidates = mayPointAt(repository, digest);
  const auto now = clock_.now();
  const auto number = journal_.append(
      {JournalRecord::Action::Delete, now, repository.text(), {}, digest.text(), actor.name, actor.address});
  // From here on the manifest is gone, and the tags on it with it: a tag whose revision link is missing does not
  // resolve.
  {
    const auto change = changingManifest(repository, layout::revisionLink(repository, digest));
    driver.remove(layout::revisionLink(repository, digest));
    driver.remove(layout::manifestType(repository, digest));
  }
  std::vector<oci::Tag> dropped;
  for (const auto& tag : candidates) {
    if (readTag(repository, tag) == digest) {
      dropTag(repository, tag);
      dropped.push_back(tag);
    }
  }
  toIndex(repository, {number}, [&] {
    for (const auto& tag : dropped) {
      index_.removeTag(repository, tag, now, actor.name);
    }
    index_.removeManifest(repository, digest);
  });
  return {};
}

void Manifests::replay(const oci::RepositoryName& repository, const std::vector<index::TagEvent>& events) {
  std::map<oci::Tag, const index::TagEvent*> last;
  for (const auto& event : events) {
    last[event.tag] = &event;
  }
  for (const auto& event : events) {
    // Of the newest the storage says whether it came to pass: a process may have died between record and change.
    if (last[event.tag] == &event && resolve(repository, event.tag) != event.digest) {
      continue;
    }
    const auto known = index_.history(repository, event.tag, 1);
    if (!known.empty() && known.front().at >= event.at) {
      continue;
    }
    if (event.digest) {
      index_.putTag(repository, {event.tag, *event.digest, event.at}, event.actor);
    } else {
      index_.removeTag(repository, event.tag, event.at, event.actor);
    }
  }
}

void Manifests::reindex(const oci::RepositoryName& repository, const std::vector<index::TagEvent>& events) {
  const auto turn = turns_.lock(repository.text());
  replay(repository, events);
  IndexBuilder(storages_, logger_, maxManifestBytes_).rebuildRepository(index_, repository);
  index_.clearDirty(repository);
}

}  // namespace rha::registry
