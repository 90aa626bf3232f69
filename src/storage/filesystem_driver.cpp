#include "storage/filesystem_driver.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>

#include "storage/check_object.h"
#include "storage/file_source.h"
#include "storage/filesystem_io.h"
#include "storage/filesystem_upload.h"
#include "storage/folder_reader.h"
#include "storage/storage_path.h"

namespace rha::storage {
namespace {

// Whether the entry is a folder, a file (false), or neither (nullopt: a dangling link, a socket).
std::optional<bool> isFolder(const FolderReader& reader, const FolderReader::Entry& entry) {
  if (entry.type == DT_REG || entry.type == DT_DIR) {
    return entry.type == DT_DIR;
  }
  if (entry.type != DT_UNKNOWN && entry.type != DT_LNK) {
    return std::nullopt;
  }
  struct ::stat status {};
  if (::fstatat(reader.descriptor(), entry.name, &status, 0) != 0) {
    return std::nullopt;
  }
  if (S_ISDIR(status.st_mode)) {
    return true;
  }
  return S_ISREG(status.st_mode) ? std::optional(false) : std::nullopt;
}

// What lies in the root and is no object.
bool isOwn(std::string_view path) { return isWithin(path, FilesystemRoot::kTemporaryFolder) || path == kChangeFile; }

// As requireValidPath(), and keeps callers away from objects that are still being written.
void requireObjectPath(std::string_view path) {
  requireValidPath(path);
  if (isOwn(path)) {
    throw std::logic_error("storage path \"" + std::string(path) + "\" is the filesystem driver's own");
  }
}

}  // namespace

void FilesystemDriver::open(OpenFor use) {
  root_.open(use);
  if (use == OpenFor::Writing) {
    beginWriting();
  } else {
    changeFile_.lock()->file.reason = "the storage is open for reading only";
  }
}

// Whoever writes after this counts it; what was read before was never kept. The lock is held while the file is opened:
// others wait until there are counters.
void FilesystemDriver::beginWriting() {
  auto changes = changeFile_.lock();
  if (!changes->opened) {
    changes->file = openChangeFile(root_);
    changes->opened = true;
    changes_.store(changes->file.counters.get(), std::memory_order_release);
  }
}

std::optional<std::string> FilesystemDriver::get(std::string_view path, std::uint64_t maxBytes) {
  requireObjectPath(path);
  const base::Fd file = root_.openFile(path, O_RDONLY);
  if (!file.valid()) {
    return std::nullopt;
  }
  return readWhole(root_, file, path, maxBytes);
}

std::unique_ptr<base::BodySource> FilesystemDriver::open(std::string_view path, std::optional<ByteRange> range) {
  requireObjectPath(path);
  base::Fd file = root_.openFile(path, O_RDONLY);
  if (!file.valid()) {
    return nullptr;
  }
  return fileSource(root_, path, std::move(file), range);
}

std::optional<ObjectInfo> FilesystemDriver::stat(std::string_view path) {
  requireObjectPath(path);
  const auto status = root_.status(path);
  if (!status || !S_ISREG(status->st_mode)) {
    return std::nullopt;
  }
  const auto time = std::chrono::seconds(status->st_mtim.tv_sec) + std::chrono::nanoseconds(status->st_mtim.tv_nsec);
  return ObjectInfo{static_cast<std::uint64_t>(status->st_size),
                    base::WallTime(std::chrono::floor<std::chrono::microseconds>(time))};
}

void FilesystemDriver::put(std::string_view path, std::string_view bytes, Durability durability) {
  requireObjectPath(path);
  std::string name;
  const base::Fd file = root_.createTemporary(name);
  try {
    writeAll(root_, file, name, std::as_bytes(std::span(bytes)));
    if (durability == Durability::Durable && ::fsync(file.get()) != 0) {
      root_.fail("fsync", name, errno);
    }
    root_.publish(name, path, durability);
  } catch (...) {
    root_.discard(name);
    throw;
  }
}

bool FilesystemDriver::remove(std::string_view path) {
  requireObjectPath(path);
  return root_.removeFile(path);
}

std::uint64_t FilesystemDriver::removeTree(std::string_view path) {
  requireObjectPath(path);
  return root_.removeTree(path, Durability::Durable);
}

void FilesystemDriver::list(std::string_view path, const std::function<bool(const ListEntry&)>& visit) {
  requireObjectPath(path);
  base::Fd folder = root_.openFolder(path);
  if (!folder.valid()) {
    return;
  }
  const bool holdsOwn = path == parentOf(FilesystemRoot::kTemporaryFolder);
  FolderReader reader(std::move(folder));
  while (auto entry = reader.next()) {
    const auto below = isFolder(reader, *entry);
    if (!below || (holdsOwn && isOwn(std::string(path) + '/' + entry->name))) {
      continue;
    }
    if (!visit(ListEntry{entry->name, *below})) {
      return;
    }
  }
  if (reader.error() != 0) {
    root_.fail("list", path, reader.error());
  }
}

std::unique_ptr<UploadSession> FilesystemDriver::startUpload(std::string_view path) {
  requireObjectPath(path);
  return FilesystemUpload::start(root_, path);
}

std::unique_ptr<UploadSession> FilesystemDriver::resumeUpload(std::string_view path, std::string_view state) {
  requireObjectPath(path);
  return FilesystemUpload::resume(root_, path, state);
}

void FilesystemDriver::check() { checkByObject(*this); }

}  // namespace rha::storage
