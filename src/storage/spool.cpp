#include "storage/spool.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/hash_together.h"

namespace rha::storage {
namespace {

std::size_t wholeBlocks(std::size_t bytes) { return bytes / base::Md5::kBlockBytes * base::Md5::kBlockBytes; }

}  // namespace

SpoolBudget::SpoolBudget(std::uint64_t bytes) : total_(std::max<std::uint64_t>(bytes / kSpoolChunkBytes, 1)) {
  auto state = state_.lock();
  state->free = total_;
  state->spare.reserve(total_);
}

bool SpoolBudget::tryTake() {
  auto state = state_.lock();
  if (state->free == 0) {
    return false;
  }
  --state->free;
  return true;
}

bool SpoolBudget::take(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  auto state = state_.lock();
  if (!freed_.wait_until(state.native(), deadline, [&] { return state->free > 0; })) {
    return false;
  }
  --state->free;
  return true;
}

SpoolChunk SpoolBudget::memory() {
  {
    auto state = state_.lock();
    if (!state->spare.empty()) {
      SpoolChunk chunk = std::move(state->spare.back());
      state->spare.pop_back();
      return chunk;
    }
  }
  return std::make_unique_for_overwrite<std::byte[]>(kSpoolChunkBytes);
}

void SpoolBudget::giveBack(std::size_t chunks, std::vector<SpoolChunk> memory) noexcept {
  if (chunks == 0) {
    return;
  }
  {
    auto state = state_.lock();
    state->free += chunks;
    if (state->free == total_) {
      state->spare.clear();
    } else {
      std::move(memory.begin(), memory.end(), std::back_inserter(state->spare));  // there is room: it was reserved
    }
  }
  freed_.notify_all();
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
        chunks_.push_back(budget_.memory());
      } catch (...) {
        budget_.giveBack(1);
        throw;
      }
    }
    const std::uint64_t room = std::min<std::uint64_t>(kSpoolChunkBytes - used, limit - size_);
    const auto piece = bytes.subspan(taken, std::min<std::uint64_t>(bytes.size() - taken, room));
    std::memcpy(chunks_.back().get() + used, piece.data(), piece.size());
    if (checksum_ == SpoolChecksum::Sha256) {
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

std::span<const std::byte> Spool::unhashed() const {
  if (hashed_ == size_) {
    return {};
  }
  const std::size_t within = hashed_ % kSpoolChunkBytes;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(size_ - hashed_, kSpoolChunkBytes - within));
  return {chunks_[hashed_ / kSpoolChunkBytes].get() + within, count};
}

bool Spool::hashSome() {
  const auto bytes = unhashed();
  md5_.update(bytes);
  hashed_ += bytes.size();
  return !bytes.empty();
}

// Whole blocks only: a rest would put the streams out of step with their blocks.
bool Spool::hashBoth(Spool& one, Spool& other) {
  const std::size_t count = wholeBlocks(std::min(one.unhashed().size(), other.unhashed().size()));
  base::Md5::updateBoth(one.md5_, one.unhashed().first(count), other.md5_, other.unhashed().first(count));
  one.hashed_ += count;
  other.hashed_ += count;
  return count > 0;
}

void Spool::hashBoth(Spool& one, Spool& other, std::span<const std::byte> bytes, base::Hasher& digest) {
  while (!bytes.empty()) {
    const std::size_t there = wholeBlocks(std::min(one.unhashed().size(), other.unhashed().size()));
    const std::size_t count = std::min(there, wholeBlocks(bytes.size() / 2));
    const auto part = count > 0 ? bytes.first(2 * count) : bytes;
    base::hashTogether(digest, part, one.md5_, one.unhashed().first(count), other.md5_, other.unhashed().first(count));
    one.hashed_ += count;
    other.hashed_ += count;
    bytes = bytes.subspan(part.size());
  }
}

std::string Spool::md5Hex() {
  while (hashSome()) {
  }
  return md5_.hex();
}

void Spool::clear() noexcept {
  const std::size_t count = chunks_.size();
  budget_.giveBack(count, std::exchange(chunks_, {}));
  size_ = hashed_ = 0;
  md5_ = base::Md5();
  sha256_ = base::Hasher(base::HashAlgorithm::Sha256);
}

}  // namespace rha::storage
