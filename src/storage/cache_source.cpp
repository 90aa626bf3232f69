#include "storage/cache_source.h"

#include <algorithm>

#include "storage/storage_error.h"

namespace rha::storage {

std::optional<base::FileRange> CacheSource::file() const {
  return from_.descriptor < 0 ? std::nullopt
                              : std::optional(base::FileRange{from_.descriptor, part_.offset, part_.length});
}

// The cache is asked once more, by read(): that is where it is noticed what is wrong with the file.
bool CacheSource::goOnWithoutFile(std::uint64_t sent) {
  done_ = sent;
  return true;
}

std::size_t CacheSource::read(std::span<std::byte> buffer) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), part_.length - done_));
  if (wanted == 0) {
    return 0;
  }
  std::size_t count = rest_ ? 0 : from_.cache(part_.offset + done_, buffer.first(wanted));
  if (count == 0) {
    if (!rest_) {
      rest_ = from_.storage({part_.offset + done_, part_.length - done_});
    }
    if (!rest_) {
      throw StorageError(StorageFailure::Unavailable, "the cache failed, and the storage has the blob no more");
    }
    count = rest_->read(buffer.first(wanted));
  }
  done_ += count;
  return count;
}

}  // namespace rha::storage
