#include "storage/caching_driver.h"

#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "base/hasher.h"
#include "storage/storage_error.h"

namespace rha::storage {
namespace {

using State = CacheFill::State;

constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::size_t kMaxDamaged = 10'000;

bool isWithin(ByteRange range, std::uint64_t size) {
  return range.offset <= size && range.length <= size - range.offset;
}

// Up to the end of `buffer`; fewer: the file ended or failed.
std::size_t readFully(int file, std::span<std::byte> buffer, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < buffer.size()) {
    const ssize_t count = ::pread(file, buffer.data() + done, buffer.size() - done, static_cast<off_t>(offset + done));
    if (count == 0 || (count < 0 && errno != EINTR)) {
      break;
    }
    done += count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  return done;
}

}  // namespace

std::optional<ObjectInfo> CachingDriver::stat(std::string_view path) {
  auto info = inner_.stat(path);
  if (const auto digest = info ? blobAt_(path) : std::nullopt) {
    auto damaged = damaged_.lock();
    const auto found = damaged->find(digest->text());
    if (found != damaged->end() && found->second == info->modified) {
      return std::nullopt;
    }
    if (found != damaged->end()) {
      damaged->erase(found);
    }
  }
  return info;
}

std::optional<std::uint64_t> CachingDriver::sizeToOpen(std::string_view path) {
  const auto digest = cache_.isStopping() ? std::nullopt : blobAt_(path);
  const auto found = digest ? cache_.disk().find(*digest) : std::nullopt;
  return found ? std::optional(found->size) : inner_.sizeToOpen(path);
}

CachingDriver::Source CachingDriver::open(std::string_view path, std::optional<ByteRange> range) {
  const auto digest = cache_.isStopping() ? std::nullopt : blobAt_(path);
  if (!digest) {
    return inner_.open(path, range);
  }
  const std::string name(path);
  if (Source source = openCached(name, *digest, range)) {
    cache_.metrics().hits.add();
    return source;
  }
  return range ? openPart(name, *digest, *range) : openWhole(name, *digest);
}

CachingDriver::Source CachingDriver::openCached(const std::string& path, const oci::Digest& digest,
                                                std::optional<ByteRange> range) {
  auto found = cache_.disk().find(digest);
  if (!found) {
    return nullptr;
  }
  const ByteRange part = range.value_or(ByteRange{0, found->size});
  if (!isWithin(part, found->size)) {
    throw StorageError(StorageFailure::Corrupt, "cache: " + path + " has fewer bytes than were recorded");
  }
  if (found->size <= CacheFill::kWithheldBytes) {
    return smallFromCache(digest, *found, part);
  }
  const auto file = std::make_shared<const base::Fd>(std::move(found->file));  // shared by copies of the function
  return std::make_unique<CacheSource>(
      part, CacheSource::From{.cache =
                                  [this, file, digest](std::uint64_t offset, std::span<std::byte> buffer) {
                                    const std::size_t count = readFully(file->get(), buffer, offset);
                                    if (count == 0) {
                                      cache_.metrics().resumed.add();
                                      cache_.disk().dropDamaged(digest, "it cannot be read to its end");
                                    }
                                    return count;
                                  },
                              .storage = [this, path](ByteRange rest) { return inner_.open(path, rest); },
                              .descriptor = file->get()});
}

// Hashed each time: that costs less than the request, and such files are not synced when they are written.
CachingDriver::Source CachingDriver::smallFromCache(const oci::Digest& digest, const CacheFolder::OpenFile& found,
                                                    ByteRange part) {
  auto bytes = std::make_shared<std::string>(found.size, '\0');
  const bool whole = readFully(found.file.get(), std::as_writable_bytes(std::span(*bytes)), 0) == found.size;
  if (!whole || base::hashHex(digest.algorithm(), *bytes) != digest.hex()) {
    cache_.disk().dropDamaged(digest, "its bytes have another digest");
    return nullptr;
  }
  return base::memorySource(std::move(bytes), part.offset, part.length);
}

CachingDriver::Source CachingDriver::openWhole(const std::string& path, const oci::Digest& digest) {
  const auto [fill, mine] = join(digest);
  if (!mine) {
    if (Source source = follow(path, fill)) {
      cache_.metrics().joined.add();
      return source;
    }
    cache_.metrics().misses.add();
    return inner_.open(path, std::nullopt);
  }
  cache_.metrics().misses.add();
  Job job{path, fill, nullptr};
  try {
    job.source = inner_.open(path, std::nullopt);
    if (job.source) {
      return beginFill(std::move(job));
    }
  } catch (...) {
    finish(fill, State::GivenUp);
    throw;
  }
  finish(fill, State::GivenUp);
  return nullptr;
}

CachingDriver::Source CachingDriver::beginFill(Job job) {
  const std::uint64_t size = job.source->size();
  if (size <= CacheFill::kWithheldBytes) {
    return base::memorySource(fillSmall(job));
  }
  const Fill fill = job.fill;
  const std::string path = job.path;
  auto filling = cache_.disk().begin(size);
  if (filling) {
    fill->begin(size, std::move(filling));
    const auto shared = std::make_shared<Job>(std::move(job));  // by the task, and by us if it is not taken
    if (cache_.tryRun([this, shared] { run(*shared); })) {
      return sourceOf(path, fill, {0, size});
    }
    job = std::move(*shared);
  }
  cache_.metrics().bypassed.add();
  finish(fill, State::GivenUp);
  return std::move(job.source);
}

CachingDriver::Source CachingDriver::follow(const std::string& path, const Fill& fill) {
  auto opened = fill->waitUntilOpen();
  if (opened.bytes) {
    return base::memorySource(std::move(opened.bytes));
  }
  return opened.state == State::GivenUp || opened.size == 0 ? nullptr : sourceOf(path, fill, {0, opened.size});
}

CachingDriver::Source CachingDriver::sourceOf(const std::string& path, const Fill& fill, ByteRange part) {
  const bool isThere = fill->covers(part);
  return std::make_unique<CacheSource>(
      part, CacheSource::From{.cache =
                                  [this, fill](std::uint64_t offset, std::span<std::byte> buffer) {
                                    const std::size_t count = fill->read(offset, buffer);
                                    if (count == 0) {
                                      cache_.metrics().resumed.add();
                                    }
                                    return count;
                                  },
                              .storage = [this, path](ByteRange rest) { return inner_.open(path, rest); },
                              .descriptor = isThere ? fill->descriptor() : -1});
}

CachingDriver::Source CachingDriver::openPart(const std::string& path, const oci::Digest& digest, ByteRange range) {
  const Fill fill = current(digest);
  if (fill && fill->covers(range)) {
    cache_.metrics().joined.add();
    return sourceOf(path, fill, range);
  }
  cache_.metrics().misses.add();
  Source source = inner_.open(path, range);
  if (source && !fill) {
    beginInBackground(path, digest);
  }
  return source;
}

void CachingDriver::beginInBackground(const std::string& path, const oci::Digest& digest) {
  if (isDamaged(digest)) {
    return;
  }
  const auto [fill, mine] = join(digest);
  if (!mine) {
    return;
  }
  const auto job = std::make_shared<Job>(Job{path, fill, nullptr});  // a task must be copyable
  if (!cache_.tryRun([this, job] { run(*job); })) {
    cache_.metrics().bypassed.add();
    finish(fill, State::GivenUp);
  }
}

std::pair<CachingDriver::Fill, bool> CachingDriver::join(const oci::Digest& digest) {
  auto fills = fills_.lock();
  Fill& fill = (*fills)[digest.text()];
  const bool isNew = !fill;
  if (isNew) {
    fill = std::make_shared<CacheFill>(digest);
    cache_.metrics().fillsUnderWay.add(1);
  }
  return {fill, isNew};
}

CachingDriver::Fill CachingDriver::current(const oci::Digest& digest) {
  auto fills = fills_.lock();
  const auto found = fills->find(digest.text());
  return found == fills->end() ? nullptr : found->second;
}

// First nobody finds it any more, then its readers learn of the end: who comes then begins anew.
bool CachingDriver::finish(const Fill& fill, State state) {
  {
    auto fills = fills_.lock();
    const auto found = fills->find(fill->digest().text());
    if (found != fills->end() && found->second == fill) {
      fills->erase(found);
      cache_.metrics().fillsUnderWay.add(-1);
    }
  }
  return fill->end(state);
}

void CachingDriver::run(Job& job) noexcept {
  try {
    if (!job.source) {
      job.source = inner_.open(job.path, std::nullopt);
      if (!job.source) {
        finish(job.fill, State::GivenUp);
        return;
      }
      const std::uint64_t size = job.source->size();
      if (size <= CacheFill::kWithheldBytes) {
        static_cast<void>(fillSmall(job));
        return;
      }
      auto filling = cache_.disk().begin(size);
      if (!filling) {
        cache_.metrics().bypassed.add();
        finish(job.fill, State::GivenUp);
        return;
      }
      job.fill->begin(size, std::move(filling));
    }
    copy(job);
  } catch (const std::exception& error) {
    // Readers meet the storage's failure themselves, and report it.
    if (finish(job.fill, State::GivenUp)) {
      cache_.metrics().brokenFills.add();
      cache_.logger().info("blob_fill_broken_off", {{"path", job.path}, {"error", error.what()}});
    }
  }
}

void CachingDriver::copy(Job& job) {
  const oci::Digest& digest = job.fill->digest();
  const std::uint64_t size = job.source->size();
  base::Hasher hasher(digest.algorithm());
  std::vector<std::byte> piece(kPieceBytes);
  while (hasher.count() < size) {
    const std::size_t count = job.source->read(piece);
    const std::span<const std::byte> bytes = std::span(piece).first(count);
    if (count == 0 || cache_.isStopping() || !cache_.disk().write(job.fill->filling(), bytes)) {
      finish(job.fill, State::GivenUp);
      return;
    }
    hasher.update(bytes);
    job.fill->advance(hasher.count());
  }
  const std::string found = hasher.hex();
  if (found != digest.hex()) {
    noteWrongDigest(job, found);
    finish(job.fill, State::WrongDigest);
    return;
  }
  damaged_.lock()->erase(digest.text());
  job.fill->end(State::Verified);
  cache_.disk().publish(job.fill->filling(), digest, CacheFolder::Sync::Yes);
  finish(job.fill, State::Verified);
}

// On the thread of whoever opens it, who ends the fill if this throws: a small blob is read faster than it is handed
// over. Throws StorageError, Corrupt if the digest does not match.
std::shared_ptr<const std::string> CachingDriver::fillSmall(Job& job) {
  const oci::Digest& digest = job.fill->digest();
  auto bytes = std::make_shared<const std::string>(base::readAll(*job.source, CacheFill::kWithheldBytes));
  const std::string found = base::hashHex(digest.algorithm(), *bytes);
  if (found != digest.hex()) {
    noteWrongDigest(job, found);
    finish(job.fill, State::WrongDigest);
    failWrongDigest(digest);
  }
  damaged_.lock()->erase(digest.text());
  job.fill->endWith(bytes);
  auto filling = cache_.disk().begin(bytes->size());
  if (filling && cache_.disk().write(*filling, std::as_bytes(std::span(*bytes)))) {
    cache_.disk().publish(*filling, digest, CacheFolder::Sync::No);
  }
  finish(job.fill, State::Verified);
  return bytes;
}

void CachingDriver::noteWrongDigest(const Job& job, const std::string& found) {
  const oci::Digest& digest = job.fill->digest();
  cache_.metrics().mismatches.add();
  cache_.logger().error("damaged_blob", {{"path", job.path},
                                         {"digest", digest.text()},
                                         {"found", found},
                                         {"bytes", job.source->size()},
                                         {"effect", "nobody gets it"},
                                         {"to_do", "push it again: that repairs it"}});
  inner_.noteWrongBytes(job.path);
  try {
    if (const auto info = inner_.stat(job.path)) {
      auto damaged = damaged_.lock();
      if (damaged->size() < kMaxDamaged) {
        damaged->insert_or_assign(digest.text(), info->modified);
      }
    }
  } catch (const StorageError& error) {
    cache_.logger().warn("damage_not_noted", {{"path", job.path}, {"error", error.what()}});
  }
}

bool CachingDriver::isDamaged(const oci::Digest& digest) { return damaged_.lock()->contains(digest.text()); }

}  // namespace rha::storage
