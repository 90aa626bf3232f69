#include "storage/disk_cache.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/hasher.h"

namespace rha::storage {
namespace {

constexpr std::chrono::seconds kPauseAfterFailure{30};
constexpr std::chrono::minutes kWarnEvery{1};
constexpr std::chrono::minutes kScanEvery{1};
constexpr std::chrono::seconds kIdle{1};
constexpr std::chrono::minutes kFirstSweepAfter{10};
constexpr std::size_t kVerifyPiece = 256 * 1024;

bool isFull(const base::IoError& error) { return error.errnoValue() == ENOSPC || error.errnoValue() == EDQUOT; }

}  // namespace

DiskCache::Filling::~Filling() { giveRoomBack(); }

void DiskCache::Filling::giveRoomBack() { cache_.index_.lock()->reserved -= std::exchange(room_, 0); }

DiskCache::DiskCache(const DiskCacheSettings& settings, const base::Clock& clock, const base::Logger& logger,
                     base::MetricsRegistry& metrics)
    : settings_(settings), clock_(clock), logger_(logger), metrics_(metrics), folder_(settings.path) {}

void DiskCache::open() {
  try {
    folder_.open();
  } catch (const base::IoError& error) {
    noteFailure(error);
    return;
  }
  scan();
}

bool DiskCache::isPaused() { return clock_.steady() < index_.lock()->pausedUntil; }

bool DiskCache::areFillsPaused() { return clock_.steady() < index_.lock()->fillsPausedUntil; }

void DiskCache::noteFailure(const base::IoError& error) {
  metrics_.diskFailures.add();
  const base::SteadyTime now = clock_.steady();
  {
    auto index = index_.lock();
    index->fillsPausedUntil = now + kPauseAfterFailure;
    if (!isFull(error)) {
      index->pausedUntil = now + kPauseAfterFailure;
    }
    if (now < index->warnAfter) {
      return;
    }
    index->warnAfter = now + kWarnEvery;
  }
  logger_.warn("disk_cache_failed", {{"error", error.what()},
                                     {"effect", "blobs are read from the storage, and none are kept for a while"},
                                     {"to_do", isFull(error) ? "make room there, or lower cache.disk.bytes"
                                                             : "look at the disk and the rights of cache.disk.path"}});
}

std::optional<CacheFolder::OpenFile> DiskCache::find(const oci::Digest& digest) {
  if (isPaused()) {
    return std::nullopt;
  }
  try {
    auto found = folder_.find(digest, clock_.now());
    if (found) {
      touch(*found, digest);
    }
    return found;
  } catch (const base::IoError& error) {
    noteFailure(error);
    return std::nullopt;
  }
}

void DiskCache::touch(const CacheFolder::OpenFile& found, const oci::Digest& digest) {
  auto index = index_.lock();
  const auto known = index->byDigest.find(digest.text());
  if (known == index->byDigest.end()) {
    add(*index, digest, found.size);  // by another process
  } else if (known->second != index->entries.begin()) {
    index->entries.splice(index->entries.begin(), index->entries, known->second);
  }
}

void DiskCache::add(Index& index, const oci::Digest& digest, std::uint64_t size) {
  erase(index, digest.text());
  index.entries.push_front({digest, size, index.scans});
  index.byDigest.emplace(digest.text(), index.entries.begin());
  index.bytes += size;
  metrics_.bytes.add(static_cast<std::int64_t>(size));
  metrics_.files.add(1);
}

void DiskCache::erase(Index& index, const std::string& digest) {
  const auto known = index.byDigest.find(digest);
  if (known == index.byDigest.end()) {
    return;
  }
  index.bytes -= known->second->size;
  metrics_.bytes.add(-static_cast<std::int64_t>(known->second->size));
  metrics_.files.add(-1);
  index.entries.erase(known->second);
  index.byDigest.erase(known);
}

// Takes entries out of the index until `bytes` more fit; their files are the caller's to remove.
DiskCache::Victims DiskCache::makeRoom(Index& index, std::uint64_t bytes) {
  Victims victims;
  while (!index.entries.empty() && index.bytes + index.reserved + bytes > settings_.bytes) {
    victims.push_back(index.entries.back().digest);
    erase(index, victims.back().text());
  }
  return victims;
}

void DiskCache::evict(const Victims& victims) {
  for (const oci::Digest& digest : victims) {
    try {
      folder_.remove(digest);
      metrics_.evictions.add();
    } catch (const base::IoError& error) {
      noteFailure(error);  // the next scan finds it again
    }
  }
}

template <typename Attempt>
auto DiskCache::makingRoom(std::uint64_t bytes, const Attempt& attempt) {
  try {
    return attempt();
  } catch (const base::IoError& error) {
    if (!isFull(error)) {
      throw;
    }
  }
  // The disk is smaller than the limit, or others use it too.
  Victims victims;
  {
    auto index = index_.lock();
    for (std::uint64_t freed = 0; !index->entries.empty() && freed < bytes;) {
      freed += index->entries.back().size;
      victims.push_back(index->entries.back().digest);
      erase(*index, victims.back().text());
    }
  }
  evict(victims);
  return attempt();
}

std::unique_ptr<DiskCache::Filling> DiskCache::begin(std::uint64_t size) {
  if (areFillsPaused()) {
    return nullptr;
  }
  Victims victims;
  {
    auto index = index_.lock();
    if (size > settings_.bytes || index->reserved > settings_.bytes - size) {
      return nullptr;
    }
    victims = makeRoom(*index, size);
    index->reserved += size;
  }
  auto filling = std::make_unique<Filling>(*this, size);
  evict(victims);
  try {
    filling->file_ = makingRoom(size, [&] { return folder_.create(size); });
    return filling;
  } catch (const base::IoError& error) {
    noteFailure(error);
    return nullptr;
  }
}

bool DiskCache::write(Filling& filling, std::span<const std::byte> bytes) {
  try {
    makingRoom(bytes.size(), [&] { filling.file_->append(bytes); });
    return true;
  } catch (const base::IoError& error) {
    noteFailure(error);
    return false;
  }
}

void DiskCache::publish(Filling& filling, const oci::Digest& digest, CacheFolder::Sync sync) {
  try {
    folder_.publish(*filling.file_, digest, clock_.now(), sync);
  } catch (const base::IoError& error) {
    noteFailure(error);
    return;
  }
  auto index = index_.lock();
  index->reserved -= std::exchange(filling.room_, 0);
  add(*index, digest, filling.file_->size());
  metrics_.published.add();
}

void DiskCache::dropDamaged(const oci::Digest& digest, std::string_view how) {
  metrics_.verifyFailures.add();
  logger_.error("cached_blob_damaged", {{"digest", digest.text()},
                                        {"cause", how},
                                        {"action", "removed from the cache; the storage has it"},
                                        {"to_do", "look at the disk of cache.disk.path"}});
  erase(*index_.lock(), digest.text());
  try {
    folder_.remove(digest);
  } catch (const base::IoError& error) {
    noteFailure(error);
  }
}

void DiskCache::scan() {
  const std::uint64_t scan = [&] {
    auto index = index_.lock();
    index->scanAfter = clock_.steady() + kScanEvery;
    return ++index->scans;
  }();
  std::vector<CacheFolder::Listed> found;
  try {
    folder_.list([&](const CacheFolder::Listed& file) { found.push_back(file); });
  } catch (const base::IoError& error) {
    noteFailure(error);
    return;
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.lastUse < b.lastUse; });
  evict(merge(found, scan));
}

DiskCache::Victims DiskCache::merge(const std::vector<CacheFolder::Listed>& found, std::uint64_t scan) {
  auto index = index_.lock();
  std::unordered_map<std::string, const CacheFolder::Listed*> there;
  for (const CacheFolder::Listed& file : found) {
    there.emplace(file.digest.text(), &file);
    if (!index->byDigest.contains(file.digest.text())) {
      add(*index, file.digest, file.size);
    }
  }
  for (auto at = index->entries.begin(); at != index->entries.end();) {
    const Entry& entry = *at++;
    if (entry.addedIn < scan && !there.contains(entry.digest.text())) {
      erase(*index, std::string(entry.digest.text()));
    }
  }
  return makeRoom(*index, 0);
}

void DiskCache::scanIfDue() {
  const base::SteadyTime due = index_.lock()->scanAfter;
  if (clock_.steady() >= due && !isPaused()) {
    open();
  }
}

std::vector<oci::Digest> DiskCache::digests() {
  auto index = index_.lock();
  std::vector<oci::Digest> all;
  all.reserve(index->entries.size());
  for (const Entry& entry : index->entries) {
    all.push_back(entry.digest);
  }
  return all;
}

// From the least recently used on, which were not looked at for the longest time: a restart begins anew.
void DiskCache::tend(const Pause& pause) {
  const Pause scanning = [&](std::chrono::milliseconds duration) {
    scanIfDue();
    return pause(duration);
  };
  base::SteadyTime sweepAfter =
      clock_.steady() + std::min<std::chrono::milliseconds>(settings_.verifyInterval, kFirstSweepAfter);
  while (scanning(kIdle)) {
    if (settings_.verifyInterval.count() == 0 || clock_.steady() < sweepAfter || isPaused()) {
      continue;
    }
    sweepAfter = clock_.steady() + settings_.verifyInterval;
    auto all = digests();
    std::reverse(all.begin(), all.end());
    for (const oci::Digest& digest : all) {
      if (!verify(digest, scanning)) {
        return;
      }
    }
  }
}

bool DiskCache::verify(const oci::Digest& digest, const Pause& pause) {
  const auto pieceTime = std::chrono::milliseconds(kVerifyPiece * 1000 / settings_.verifyBytesPerSecond);
  try {
    const auto found = folder_.look(digest);
    if (!found) {
      return true;
    }
    base::Hasher hasher(digest.algorithm());
    std::vector<std::byte> piece(kVerifyPiece);
    while (true) {
      const ssize_t count = ::pread(found->file.get(), piece.data(), piece.size(), static_cast<off_t>(hasher.count()));
      if (count < 0 && errno != EINTR) {
        dropDamaged(digest, base::IoError(errno, "cannot read").what());
        return true;
      }
      if (count == 0) {
        break;
      }
      hasher.update(std::span(piece).first(static_cast<std::size_t>(std::max<ssize_t>(count, 0))));
      if (!pause(pieceTime)) {
        return false;
      }
    }
    if (hasher.hex() != digest.hex()) {
      dropDamaged(digest, "its bytes have another digest");
    } else {
      metrics_.verifiedFiles.add();
    }
  } catch (const base::IoError& error) {
    noteFailure(error);
  }
  return true;
}

}  // namespace rha::storage
