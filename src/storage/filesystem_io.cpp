#include "storage/filesystem_io.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "storage/storage_error.h"

namespace rha::storage {

void writeAll(const FilesystemRoot& root, const base::Fd& file, std::string_view path,
              std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
    if (count >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      root.fail("write", path, errno);
    }
  }
}

void writeAllAt(const FilesystemRoot& root, const base::Fd& file, std::string_view path,
                std::span<const std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    } else if (errno != EINTR) {
      root.fail("write", path, errno);
    }
  }
}

std::size_t readAt(const FilesystemRoot& root, const base::Fd& file, std::string_view path, std::span<std::byte> buffer,
                   std::uint64_t offset) {
  while (true) {
    const ssize_t count = ::pread(file.get(), buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (count >= 0) {
      return static_cast<std::size_t>(count);
    }
    if (errno != EINTR) {
      root.fail("read", path, errno);
    }
  }
}

std::string readWhole(const FilesystemRoot& root, const base::Fd& file, std::string_view path, std::uint64_t maxBytes) {
  const std::uint64_t size = fileSize(root, file, path);
  if (size > maxBytes) {
    failCorrupt(path, "holds " + std::to_string(size) + " bytes where at most " + std::to_string(maxBytes) +
                          " belong: it was not written by a registry");
  }
  std::string text(size, '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const std::size_t count = readAt(root, file, path, std::as_writable_bytes(std::span(text).subspan(done)), done);
    if (count == 0) {
      failCorrupt(path, "became shorter while it was read: another program writes into the storage folder");
    }
    done += count;
  }
  return text;
}

std::uint64_t fileSize(const FilesystemRoot& root, const base::Fd& file, std::string_view path) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) {
    root.fail("stat", path, errno);
  }
  return static_cast<std::uint64_t>(status.st_size);
}

void failCorrupt(std::string_view path, const std::string& reason) {
  throw StorageError(StorageFailure::Corrupt, "filesystem: " + std::string(path) + ": " + reason);
}

}  // namespace rha::storage
