// CacheFolder: the files of the blob cache on a local disk.
//
//   PATH/verified/sha256/ab/abcd…   a blob whose digest matched; its modification time is its seal
//   PATH/filling/UUID               one on its way, locked (flock) by the process that fills it
//
// The seal is a time long ago that follows from digest and size: whatever writes to the file, cuts it, or creates it
// otherwise breaks it, and a file without it is removed instead of opened. That shows nothing of a disk that loses
// bits; disk_cache.h looks for that. The data of a large file are on the disk before its name is, so that a power cut
// leaves none that is sealed and wrong; a small one is hashed each time it is read (caching_driver.h). The access time
// is the last use as far as it is known (to the hour), for the order after a restart. Two processes may share a folder:
// names appear whole and at once, and what another process fills is left alone. Thread-safe after open(). Failure:
// base::IoError, with the path.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "oci/digest.h"

namespace rha::storage {

// A file on its way into the cache. Owned by one thread, but `file` may be read by others.
class FillingFile final {
 public:
  FillingFile(std::filesystem::path path, base::Fd file) : path_(std::move(path)), file_(std::move(file)) {}
  FillingFile(const FillingFile&) = delete;
  FillingFile& operator=(const FillingFile&) = delete;
  // Removes the file unless it was published.
  ~FillingFile();

  [[nodiscard]] int descriptor() const { return file_.get(); }
  // At the end. What was written of `bytes` before a failure is written again by the next call.
  void append(std::span<const std::byte> bytes);
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  friend class CacheFolder;
  const std::filesystem::path path_;
  const base::Fd file_;
  std::uint64_t size_ = 0;
  std::atomic<bool> published_ = false;
};

class CacheFolder final {
 public:
  struct OpenFile {
    base::Fd file;
    std::uint64_t size = 0;
  };
  struct Listed {
    oci::Digest digest;
    std::uint64_t size = 0;
    base::WallTime lastUse;
  };
  enum class Sync : std::uint8_t { No, Yes };

  explicit CacheFolder(std::filesystem::path path) : path_(std::move(path)) {}

  // Makes what is missing of the folders and removes what a process that died was filling. May be called again.
  void open();

  // A sealed file for reading; nullopt if there is none. `now` is noted as its last use.
  [[nodiscard]] std::optional<OpenFile> find(const oci::Digest& digest, base::WallTime now) const;
  // As above, for checks: leaves the time of the last use.
  [[nodiscard]] std::optional<OpenFile> look(const oci::Digest& digest) const;

  // A new file, with room for `size` bytes set aside where the file system can.
  [[nodiscard]] std::unique_ptr<FillingFile> create(std::uint64_t size) const;
  // Seals the file and gives it its name. Precondition: it holds the bytes of `digest`.
  void publish(FillingFile& file, const oci::Digest& digest, base::WallTime now, Sync sync) const;

  // False if it was not there.
  bool remove(const oci::Digest& digest) const;
  // Calls `visit` for each sealed file, in no order; others are removed.
  void list(const std::function<void(const Listed&)>& visit) const;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  [[nodiscard]] std::filesystem::path pathOf(const oci::Digest& digest) const;
  [[nodiscard]] std::optional<OpenFile> openSealed(const oci::Digest& digest, int flags) const;
  void removeLeftovers() const;

  const std::filesystem::path path_;
};

}  // namespace rha::storage
