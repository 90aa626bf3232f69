// CacheFill: one blob on its way from the storage into the cache, and those who read it meanwhile.
//
//   Opening ── begin() ── Filling ── end(Verified)      all readers go on to the end
//      │                     ├────── end(WrongDigest)   readers fail: Corrupt
//      └─────────────────────┴────── end(GivenUp)       readers go on from the storage
//
// Readers follow the fill as it grows, but its last 64 KiB they get only once the digest has matched: whoever got all
// bytes has the right ones. A blob no larger than that is never written before it was checked; it is handed over in
// memory.
// Shared by the thread that fills (one) and the readers (any number), who keep its file open. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/lock_guarded.h"
#include "storage/disk_cache.h"
#include "storage/storage_driver.h"

namespace rha::storage {

// Throws StorageError(Corrupt): what the storage holds as this blob is another one.
[[noreturn]] void failWrongDigest(const oci::Digest& digest);

class CacheFill final {
 public:
  static constexpr std::uint64_t kWithheldBytes = 64 * 1024;

  enum class State : std::uint8_t { Opening, Filling, Verified, WrongDigest, GivenUp };

  explicit CacheFill(oci::Digest digest) : digest_(std::move(digest)) {}

  [[nodiscard]] const oci::Digest& digest() const { return digest_; }

  // By the thread that fills.
  void begin(std::uint64_t size, std::unique_ptr<DiskCache::Filling> filling);
  void advance(std::uint64_t written);
  // False: it had ended before, and stays as it is.
  bool end(State state);
  // The whole of a small blob, verified.
  void endWith(std::shared_ptr<const std::string> bytes);
  [[nodiscard]] DiskCache::Filling& filling() { return *filling_; }

  // By readers.
  // What there is to read once the fill has left Opening; waits for that. What there is to read once the fill has left
  // Opening; waits for that.
  struct Opened {
    State state = State::GivenUp;
    std::uint64_t size = 0;
    std::shared_ptr<const std::string> bytes;  // null: read()
  };
  // Throws StorageError(Corrupt) when the digest did not match.
  [[nodiscard]] Opened waitUntilOpen();
  // Whether read() would yield all of `range` without waiting.
  [[nodiscard]] bool covers(ByteRange range);
  // Bytes at `offset`, which lies within the blob; waits for them. 0: given up, or the file cannot be read. Throws
  // StorageError(Corrupt) when the digest did not match.
  [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<std::byte> buffer);
  [[nodiscard]] int descriptor() const { return filling_->descriptor(); }

 private:
  struct Progress {
    State state = State::Opening;
    std::uint64_t size = 0;
    std::uint64_t written = 0;
    std::shared_ptr<const std::string> bytes;
    // How far readers may go.
    [[nodiscard]] std::uint64_t readable() const;
  };

  const oci::Digest digest_;
  std::unique_ptr<DiskCache::Filling> filling_;  // set before the state says Filling, never changed then
  base::LockGuarded<Progress> progress_;
  std::condition_variable moved_;  // of progress_
};

}  // namespace rha::storage
