// CacheSource: part of a blob as a body: from the cache while that works, else from the storage, in mid-body too.
//
// What it captures (the open file, or the fill) lives as long as it. Threads and failure: see BodySource.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/body_source.h"
#include "storage/storage_driver.h"

namespace rha::storage {

class CacheSource final : public base::BodySource {
 public:
  struct From {
    // Bytes at an offset of the blob; 0: the cache cannot give them. May throw StorageError.
    std::function<std::size_t(std::uint64_t offset, std::span<std::byte> buffer)> cache;
    // Opens a part of the blob in the storage; null or StorageError: it cannot be had.
    std::function<std::unique_ptr<base::BodySource>(ByteRange part)> storage;
    // The file with all of the blob's bytes, if they are all there; else -1.
    int descriptor = -1;
  };

  // Precondition: `part` lies within the blob.
  CacheSource(ByteRange part, From from) : part_(part), from_(std::move(from)) {}

  [[nodiscard]] std::uint64_t size() const override { return part_.length; }
  [[nodiscard]] std::optional<base::FileRange> file() const override;
  bool goOnWithoutFile(std::uint64_t sent) override;
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  const ByteRange part_;
  const From from_;
  std::uint64_t done_ = 0;
  std::unique_ptr<base::BodySource> rest_;  // once the cache has failed
};

}  // namespace rha::storage
