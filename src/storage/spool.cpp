#include "storage/spool.h"

#include <algorithm>
#include <cstring>

namespace rha::storage {

bool SpoolBudget::tryTake() {
  auto chunks = chunks_.lock();
  if (*chunks == 0) {
    return false;
  }
  --*chunks;
  return true;
}

bool SpoolBudget::take(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  auto chunks = chunks_.lock();
  if (!freed_.wait_until(chunks.native(), deadline, [&] { return *chunks > 0; })) {
    return false;
  }
  --*chunks;
  return true;
}

void SpoolBudget::giveBack(std::size_t chunks) noexcept {
  if (chunks > 0) {
    *chunks_.lock() += chunks;
    freed_.notify_all();
  }
}

std::size_t Spool::append(std::span<const std::byte> bytes, std::uint64_t limit, std::chrono::milliseconds patience) {
  std::size_t taken = 0;
  while (taken < bytes.size() && size_ < limit) {
    const std::size_t used = size_ % kSpoolChunkBytes;
    if (used == 0 && size_ / kSpoolChunkBytes == chunks_.size()) {
      if (!budget_.tryTake() && (size_ > 0 || !budget_.take(patience))) {
        break;
      }
      try {
        chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(kSpoolChunkBytes));
      } catch (...) {
        budget_.giveBack(1);
        throw;
      }
    }
    const std::uint64_t room = std::min<std::uint64_t>(kSpoolChunkBytes - used, limit - size_);
    const auto piece = bytes.subspan(taken, std::min<std::uint64_t>(bytes.size() - taken, room));
    std::memcpy(chunks_.back().get() + used, piece.data(), piece.size());
    if (checksum_ == SpoolChecksum::Md5) {
      md5_.update(piece);
    } else {
      sha256_.update(piece);
    }
    taken += piece.size();
    size_ += piece.size();
  }
  return taken;
}

std::size_t Spool::read(std::uint64_t offset, std::span<std::byte> buffer) const {
  if (offset >= size_) {
    return 0;
  }
  const std::size_t within = offset % kSpoolChunkBytes;
  const std::uint64_t count = std::min({static_cast<std::uint64_t>(buffer.size()), size_ - offset,
                                        static_cast<std::uint64_t>(kSpoolChunkBytes - within)});
  std::memcpy(buffer.data(), chunks_[offset / kSpoolChunkBytes].get() + within, count);
  return count;
}

void Spool::clear() noexcept {
  const std::size_t count = chunks_.size();
  chunks_.clear();
  budget_.giveBack(count);
  size_ = 0;
  md5_ = base::Md5();
  sha256_ = base::Hasher(base::HashAlgorithm::Sha256);
}

}  // namespace rha::storage
