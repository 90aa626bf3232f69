// FilesystemUpload: an upload of the filesystem driver. One file that grows, and is renamed into place by commit().
//
//   <path>/data         the bytes, as distribution 2.8 keeps them
//   <path>/truncations  one line "<offset>\n" for each time that bytes were dropped on resuming; mostly not there
//
// A state is "fs1 <size> <truncations so far> <boot id>". It is refused (resume() answers null) when bytes below its
// size were dropped since it was made: what stands there now came later and was never part of that upload. Otherwise a
// client could replay an old state, write other bytes, and commit them under the digest of the first ones. It is
// refused after a reboot too: bytes that were not fsynced may have become holes in a power cut.
// A session holds flock(2) on the data file, so that no two requests (or processes) write one upload at a time.
// Threads and failure: see UploadSession. Must not outlive the driver.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "storage/filesystem_root.h"
#include "storage/upload_session.h"

namespace rha::storage {

class FilesystemUpload final : public UploadSession {
 public:
  // See StorageDriver::startUpload() and resumeUpload(). StorageError(Unavailable) when another session has
  // the data and does not let go within a second.
  static std::unique_ptr<UploadSession> start(FilesystemRoot& root, std::string_view path);
  static std::unique_ptr<UploadSession> resume(FilesystemRoot& root, std::string_view path, std::string_view state);

  void append(std::span<const std::byte> bytes) override;
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  void flush() override {}  // append() hands every byte to the kernel: it survives this process
  [[nodiscard]] std::string state() const override;
  std::unique_ptr<base::BodySource> readBack() override;
  void commit(std::string_view path) override;
  void cancel() noexcept override;

 private:
  FilesystemUpload(FilesystemRoot& root, std::string_view path, base::Fd data, std::uint64_t size,
                   std::uint64_t truncations);
  void startWriteback();

  FilesystemRoot& root_;
  std::string path_;
  base::Fd data_;
  std::uint64_t size_;
  std::uint64_t truncations_;
  std::uint64_t writebackStarted_;  // bytes up to here have been queued for the disk
};

}  // namespace rha::storage
