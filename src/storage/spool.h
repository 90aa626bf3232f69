// Spool: bytes of an upload in memory until the object store has acknowledged them, so that a request can be sent
// again. SpoolBudget bounds the memory of all spools together.
//
// A spool takes its memory in chunks. At the limit append() takes less than it is given: the owner then sends what it
// has (a shorter segment), which frees memory, or waits for others that do.
// SpoolBudget is thread-safe; a Spool belongs to one thread at a time. The budget outlives the spools.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/hasher.h"
#include "base/lock_guarded.h"
#include "base/md5.h"
#include "fetch/request.h"

namespace rha::storage {

inline constexpr std::size_t kSpoolChunkBytes = 1U << 20U;

using SpoolChunk = std::unique_ptr<std::byte[]>;

class SpoolBudget final {
 public:
  explicit SpoolBudget(std::uint64_t bytes);

  bool tryTake();
  // Waits for a chunk; false when none came free in time.
  bool take(std::chrono::milliseconds patience);
  // The memory of a chunk that was taken.
  SpoolChunk memory();
  void giveBack(std::size_t chunks) noexcept { giveBack(chunks, {}); }
  // With their memory, or that of some of them.
  void giveBack(std::size_t chunks, std::vector<SpoolChunk> memory) noexcept;
  // Chunks that can be taken, for tests and metrics.
  [[nodiscard]] std::uint64_t free() { return state_.lock()->free; }
  // Whether more than half is free: one upload may then hold more than it needs.
  [[nodiscard]] bool isPlenty() { return free() > total_ / 2; }

 private:
  struct State {
    std::uint64_t free = 0;
    // Memory of chunks that are free, so that the kernel need not clear pages anew; kept as long as any chunk is in
    // use.
    std::vector<SpoolChunk> spare;
  };
  const std::uint64_t total_;
  base::LockGuarded<State> state_;
  std::condition_variable freed_;
};

// The checksum that the store wants with the bytes.
enum class SpoolChecksum : std::uint8_t { Md5, Sha256 };

class Spool final : public fetch::RequestBody {
 public:
  explicit Spool(SpoolBudget& budget, SpoolChecksum checksum = SpoolChecksum::Md5)
      : budget_(budget), checksum_(checksum) {}
  ~Spool() override { clear(); }
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // Takes bytes until the spool holds `limit` or the budget is spent; returns how many. With `patience` it waits so
  // long for its first chunk; 0 afterwards means that the time was not enough.
  std::size_t append(std::span<const std::byte> bytes, std::uint64_t limit, std::chrono::milliseconds patience);
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  std::size_t read(std::uint64_t offset, std::span<std::byte> buffer) const override;
  // Of the checksum that was chosen. MD5 is not computed by append(), but by these: what is left of it by md5Hex(), and
  // before, if there is the time, up to a chunk of it by hashSome(), or that of two spools, as far as both have bytes
  // to hash, by hashBoth(), which takes little longer than one would. Both say false when nothing is left (hashBoth():
  // less than a block of either).
  [[nodiscard]] std::string md5Hex();
  bool hashSome();
  static bool hashBoth(Spool& one, Spool& other);
  // Adds the bytes to `digest` and meanwhile hashes of each spool half as many, if there are: at that pace all three
  // take little longer than the spools would.
  static void hashBoth(Spool& one, Spool& other, std::span<const std::byte> bytes, base::Hasher& digest);
  // Whether hashBoth() has something to do here.
  [[nodiscard]] bool hasBlocksToHash() const { return unhashed().size() >= base::Md5::kBlockBytes; }
  [[nodiscard]] std::string sha256Hex() const { return sha256_.hex(); }
  // Gives the memory back.
  void clear() noexcept;

 private:
  // What is not hashed yet, up to the end of a chunk.
  [[nodiscard]] std::span<const std::byte> unhashed() const;

  SpoolBudget& budget_;
  std::vector<SpoolChunk> chunks_;
  std::uint64_t size_ = 0;
  std::uint64_t hashed_ = 0;  // of MD5
  SpoolChecksum checksum_;
  base::Md5 md5_;
  base::Hasher sha256_{base::HashAlgorithm::Sha256};
};

}  // namespace rha::storage
