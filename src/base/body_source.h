// BodySource: bytes of known length to be read once, front to back. What storage hands out and net sends.
//
// Owned by whoever holds the unique_ptr; used by one thread at a time, but may move between threads.
// Failure: read() throws (base::IoError or storage::StorageError); nothing more can be read then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace rha::base {

// A run of bytes in an open file. The descriptor is borrowed from the BodySource and lives as long as it does.
struct FileRange {
  int descriptor = -1;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

class BodySource {
 public:
  BodySource() = default;
  BodySource(const BodySource&) = delete;
  BodySource& operator=(const BodySource&) = delete;
  virtual ~BodySource() = default;

  // Total number of bytes this source yields, known before the first read and never changing.
  [[nodiscard]] virtual std::uint64_t size() const = 0;

  // The whole of the bytes as a part of a file, if that is where they are: the sender may use sendfile(2) and then
  // never calls read(). nullopt: read() is the only way.
  [[nodiscard]] virtual std::optional<FileRange> file() const { return std::nullopt; }

  // The file could not be sent beyond its first `sent` bytes: the disk failed, or the file was cut. True: read() goes
  // on from there by other means; false: the body cannot be had. Must not block.
  virtual bool goOnWithoutFile(std::uint64_t sent) {
    static_cast<void>(sent);
    return false;
  }

  // The whole of the bytes in memory, if that is where they are. nullopt: see file() and read().
  [[nodiscard]] virtual std::optional<std::string_view> memory() const { return std::nullopt; }

  // Reads the next bytes into `buffer` (never empty) and returns how many; 0 only once size() bytes were read.
  // May block on a disk or on the network. Throws when the bytes cannot be had; a source never ends early silently.
  virtual std::size_t read(std::span<std::byte> buffer) = 0;
};

// A source over bytes in memory, shared with whoever else holds them (caches).
std::unique_ptr<BodySource> memorySource(std::shared_ptr<const std::string> bytes);
// As above for a part; precondition: offset + length <= bytes->size().
std::unique_ptr<BodySource> memorySource(std::shared_ptr<const std::string> bytes, std::uint64_t offset,
                                         std::uint64_t length);

// Reads `source` to its end into a string. Precondition: source.size() <= maxBytes, else throws std::length_error.
std::string readAll(BodySource& source, std::uint64_t maxBytes);

}  // namespace rha::base
