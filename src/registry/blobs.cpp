#include "registry/blobs.h"

#include "registry/blob_copy.h"
#include "registry/layout.h"

namespace rha::registry {
namespace {

oci::Error unknownBlob(const oci::Digest& digest) {
  return {oci::ErrorCode::BlobUnknown, {}, R"({"digest":")" + digest.text() + R"("})", 0};
}

// About 2 MB.
constexpr std::size_t kRecentLinks = 10'000;

// A push holds the data for as long as it takes to store them; whoever wants to remove something holds others up.
constexpr std::chrono::seconds kRemovalPatience{1};

// A blob of no bytes whose digest is not that of nothing is a blob whose data were lost (swift.md 4.2).
bool isHollow(std::uint64_t size, const oci::Digest& digest) { return size == 0 && !digest.isOfNothing(); }

std::optional<std::uint64_t> sizeOf(storage::StorageDriver& driver, const std::string& path, Look look) {
  if (look == Look::ToRead) {
    return driver.sizeToOpen(path);
  }
  const auto info = driver.stat(path);
  return info ? std::optional(info->size) : std::nullopt;
}

}  // namespace

Blobs::Blobs(Storages storages, index::Index& index, const base::Clock& clock)
    : storages_(std::move(storages)), index_(index), clock_(clock), recent_(kRecentLinks) {}

base::Result<BlobInfo, oci::Error> Blobs::stat(const oci::RepositoryName& repository, const oci::Digest& digest,
                                               Look look) {
  storage::StorageDriver& driver = storages_.of(repository);
  Standing standing(driver);
  const auto link = layout::layerLink(repository, digest);
  standing.include(link);
  if (!driver.stat(link)) {
    return base::fail(unknownBlob(digest));
  }
  const auto size = sizeOf(driver, layout::blobData(digest), look);
  if (!size || isHollow(*size, digest)) {
    return base::fail(unknownBlob(digest));
  }
  return BlobInfo{digest, *size, standing, &driver};
}

base::Result<std::unique_ptr<base::BodySource>, oci::Error> Blobs::open(const BlobInfo& info,
                                                                        std::optional<storage::ByteRange> range) {
  const bool isWhole = range && range->offset == 0 && range->length == info.size;
  auto source = info.storage->open(layout::blobData(info.digest), isWhole ? std::nullopt : range);
  if (!source) {
    return base::fail(unknownBlob(info.digest));
  }
  return source;
}

bool Blobs::mount(const oci::RepositoryName& repository, const oci::Digest& digest, const oci::RepositoryName& from) {
  storage::StorageDriver& source = storages_.of(from);
  storage::StorageDriver& target = storages_.of(repository);
  const bool apart = &source != &target;
  if (apart && (!stat(from, digest).ok() || !copyBlob(source, target, repository, digest))) {
    return false;
  }
  const auto kept = keepData();
  if (!apart && !stat(from, digest).ok()) {
    return false;
  }
  link(repository, digest);
  return true;
}

std::unique_lock<std::shared_timed_mutex> Blobs::beforeRemoval() { return {removal_, kRemovalPatience}; }

bool Blobs::isListed(const oci::RepositoryName& repository) {
  try {
    return index_.hasRepository(repository);
  } catch (const index::IndexError&) {
    return false;  // being built: it takes the write all the same
  }
}

void Blobs::link(const oci::RepositoryName& repository, const oci::Digest& digest) {
  storages_.of(repository).put(layout::layerLink(repository, digest), digest.text(), storage::Durability::Durable);
  recent_.add(repository, digest);
  try {
    if (!isListed(repository)) {
      index_.touchRepository(repository, clock_.now());
    }
  } catch (const index::IndexError&) {
    index_.markDirty(repository);
  }
}

std::vector<oci::RepositoryName> Blobs::mayBeIn(const oci::Digest& digest, std::uint64_t limit) {
  auto found = recent_.repositoriesWith(digest, limit / 2);
  try {
    for (auto& repository : index_.repositoriesWith(digest, limit - found.size())) {
      found.push_back(std::move(repository));
    }
  } catch (const index::IndexError&) {
    // The client uploads instead, unless one of the others has it.
  }
  return found;
}

base::Result<void, oci::Error> Blobs::remove(const oci::RepositoryName& repository, const oci::Digest& digest) {
  // Only what is there is cached, so that link() need not count as a change.
  storage::StorageDriver& driver = storages_.of(repository);
  const auto change = changing(driver, layout::layerLink(repository, digest));
  if (!driver.remove(layout::layerLink(repository, digest))) {
    return base::fail(unknownBlob(digest));
  }
  return {};
}

}  // namespace rha::registry
