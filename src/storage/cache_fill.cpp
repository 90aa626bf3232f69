#include "storage/cache_fill.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "storage/storage_error.h"

namespace rha::storage {

void failWrongDigest(const oci::Digest& digest) {
  throw StorageError(StorageFailure::Corrupt, "blob " + digest.text() + ": the storage holds other bytes");
}

std::uint64_t CacheFill::Progress::readable() const {
  return state == State::Verified ? size : std::min(written, size - std::min(size, kWithheldBytes));
}

void CacheFill::begin(std::uint64_t size, std::unique_ptr<DiskCache::Filling> filling) {
  filling_ = std::move(filling);
  {
    auto progress = progress_.lock();
    progress->size = size;
    progress->state = State::Filling;
  }
  moved_.notify_all();
}

void CacheFill::advance(std::uint64_t written) {
  progress_.lock()->written = written;
  moved_.notify_all();
}

bool CacheFill::end(State state) {
  {
    auto progress = progress_.lock();
    if (progress->state != State::Opening && progress->state != State::Filling) {
      return false;
    }
    progress->state = state;
  }
  moved_.notify_all();
  return true;
}

void CacheFill::endWith(std::shared_ptr<const std::string> bytes) {
  {
    auto progress = progress_.lock();
    progress->size = bytes->size();
    progress->bytes = std::move(bytes);
    progress->state = State::Verified;
  }
  moved_.notify_all();
}

CacheFill::Opened CacheFill::waitUntilOpen() {
  auto progress = progress_.lock();
  moved_.wait(progress.native(), [&] { return progress->state != State::Opening; });
  if (progress->state == State::WrongDigest) {
    failWrongDigest(digest_);
  }
  return {progress->state, progress->size, progress->bytes};
}

bool CacheFill::covers(ByteRange range) {
  auto progress = progress_.lock();
  const std::uint64_t readable = progress->readable();
  return (progress->state == State::Filling || (progress->state == State::Verified && !progress->bytes)) &&
         range.offset <= readable && range.length <= readable - range.offset;
}

std::size_t CacheFill::read(std::uint64_t offset, std::span<std::byte> buffer) {
  std::uint64_t end = 0;
  {
    auto progress = progress_.lock();
    moved_.wait(progress.native(), [&] {
      return progress->readable() > offset || progress->state == State::WrongDigest ||
             progress->state == State::GivenUp;
    });
    if (progress->state == State::WrongDigest) {
      failWrongDigest(digest_);
    }
    end = progress->readable();
  }
  if (end <= offset) {
    return 0;
  }
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - offset));
  ssize_t count = 0;
  do {
    count = ::pread(descriptor(), buffer.data(), wanted, static_cast<off_t>(offset));
  } while (count < 0 && errno == EINTR);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

}  // namespace rha::storage
