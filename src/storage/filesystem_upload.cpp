#include "storage/filesystem_upload.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "base/text.h"
#include "storage/file_source.h"
#include "storage/filesystem_io.h"
#include "storage/storage_error.h"

namespace rha::storage {
namespace {

constexpr std::string_view kStateVersion = "fs1";
// Queued for the disk in steps of this size, so that little is left to do when commit() must wait for the disk.
constexpr std::uint64_t kWritebackStep = 32U << 20U;
// A client that was cut off this often in one upload may start again.
constexpr std::size_t kMaxTruncations = 1000;
constexpr std::uint64_t kMaxTruncationsBytes = kMaxTruncations * 21;

// A request that has just died may need a moment to let go of the data; one that hangs is not waited for.
constexpr std::chrono::milliseconds kLockWait{1000};
constexpr std::chrono::milliseconds kLockPoll{10};

std::string dataPath(std::string_view path) { return std::string(path) + "/data"; }
std::string truncationsPath(std::string_view path) { return std::string(path) + "/truncations"; }

struct State {
  std::uint64_t size = 0;
  std::uint64_t truncations = 0;
};

// nullopt for a state of another boot, another driver or another version.
std::optional<State> parseState(std::string_view text, const std::string& bootId) {
  const auto parts = base::split(text, ' ');
  if (parts.size() != 4 || parts[0] != kStateVersion || parts[3] != bootId) {
    return std::nullopt;
  }
  const auto size = base::parseUnsigned(parts[1]);
  const auto truncations = base::parseUnsigned(parts[2]);
  if (!size || !truncations) {
    return std::nullopt;
  }
  return State{*size, *truncations};
}

// Keeps other sessions off the data. The lock goes when the descriptor is closed, however the process ends.
void lockData(const FilesystemRoot& root, const base::Fd& data, const std::string& path) {
  const auto deadline = std::chrono::steady_clock::now() + kLockWait;
  while (::flock(data.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      root.fail("lock", path, errno);
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      throw StorageError(StorageFailure::Unavailable,
                         "filesystem: cannot resume the upload " + path + ": another request is still writing to it");
    }
    std::this_thread::sleep_for(kLockPoll);
  }
}

// Whether the open file is still what `path` names: a session that held the lock may have published or removed it.
bool isStillAt(const FilesystemRoot& root, const base::Fd& data, const std::string& path) {
  struct stat opened {};
  if (::fstat(data.get(), &opened) != 0) {
    root.fail("stat", path, errno);
  }
  const auto named = root.status(path);
  return named && named->st_dev == opened.st_dev && named->st_ino == opened.st_ino;
}

// The offsets to which the upload was cut so far; nullopt if the list is damaged.
std::optional<std::vector<std::uint64_t>> readTruncations(const FilesystemRoot& root, const std::string& path) {
  std::vector<std::uint64_t> offsets;
  const base::Fd file = root.openFile(path, O_RDONLY);
  if (!file.valid()) {
    return offsets;
  }
  const std::string text = readWhole(root, file, path, kMaxTruncationsBytes);
  if (!text.ends_with('\n')) {
    return std::nullopt;  // the disk was full when the last one was noted
  }
  for (const std::string_view line : base::split(text, '\n')) {
    if (line.empty()) {
      continue;
    }
    const auto offset = base::parseUnsigned(line);
    if (!offset) {
      return std::nullopt;
    }
    offsets.push_back(*offset);
  }
  return offsets;
}

// Cuts the data to `size`, having noted it first: should the process die in between, states beyond `size` are refused
// although their bytes are still there, which is safe.
void truncateTo(FilesystemRoot& root, const base::Fd& data, std::string_view path, std::uint64_t size) {
  const std::string listPath = truncationsPath(path);
  base::Fd list = root.openFile(listPath, O_WRONLY | O_APPEND);
  if (!list.valid()) {
    list = root.createFile(listPath);
  }
  writeAll(root, list, listPath, std::as_bytes(std::span<const char>(std::to_string(size) + '\n')));
  if (::ftruncate(data.get(), static_cast<off_t>(size)) != 0) {
    root.fail("truncate", dataPath(path), errno);
  }
}

}  // namespace

FilesystemUpload::FilesystemUpload(FilesystemRoot& root, std::string_view path, base::Fd data, std::uint64_t size,
                                   std::uint64_t truncations)
    : root_(root),
      path_(path),
      data_(std::move(data)),
      size_(size),
      truncations_(truncations),
      writebackStarted_(size) {}

std::unique_ptr<UploadSession> FilesystemUpload::start(FilesystemRoot& root, std::string_view path) {
  const std::string name = dataPath(path);
  base::Fd data = root.createFile(name);
  lockData(root, data, name);
  return std::unique_ptr<UploadSession>(new FilesystemUpload(root, path, std::move(data), 0, 0));
}

std::unique_ptr<UploadSession> FilesystemUpload::resume(FilesystemRoot& root, std::string_view path,
                                                        std::string_view state) {
  const auto parsed = parseState(state, root.bootId());
  if (!parsed) {
    return nullptr;
  }
  const std::string name = dataPath(path);
  base::Fd data = root.openFile(name, O_RDWR);
  if (!data.valid()) {
    return nullptr;
  }
  lockData(root, data, name);
  if (!isStillAt(root, data, name)) {
    return nullptr;
  }
  const auto truncations = readTruncations(root, truncationsPath(path));
  if (!truncations || parsed->truncations > truncations->size() || truncations->size() >= kMaxTruncations) {
    return nullptr;
  }
  const auto since = truncations->begin() + static_cast<std::ptrdiff_t>(parsed->truncations);
  if (std::any_of(since, truncations->end(), [&](std::uint64_t offset) { return offset < parsed->size; })) {
    return nullptr;
  }
  const std::uint64_t stored = fileSize(root, data, name);
  if (stored < parsed->size) {
    return nullptr;
  }
  std::uint64_t count = truncations->size();
  if (stored > parsed->size) {
    truncateTo(root, data, path, parsed->size);
    ++count;
  }
  return std::unique_ptr<UploadSession>(new FilesystemUpload(root, path, std::move(data), parsed->size, count));
}

void FilesystemUpload::append(std::span<const std::byte> bytes) {
  writeAllAt(root_, data_, dataPath(path_), bytes, size_);
  size_ += bytes.size();
  if (size_ - writebackStarted_ >= kWritebackStep) {
    startWriteback();
  }
}

void FilesystemUpload::startWriteback() {
  // Only a hint: where it does not work, the fsync of commit() takes longer.
  static_cast<void>(::sync_file_range(data_.get(), static_cast<off_t>(writebackStarted_),
                                      static_cast<off_t>(size_ - writebackStarted_), SYNC_FILE_RANGE_WRITE));
  writebackStarted_ = size_;
}

std::string FilesystemUpload::state() const {
  return std::string(kStateVersion) + ' ' + std::to_string(size_) + ' ' + std::to_string(truncations_) + ' ' +
         root_.bootId();
}

std::unique_ptr<base::BodySource> FilesystemUpload::readBack() {
  const std::string name = dataPath(path_);
  // Opened anew: a duplicate of data_ would keep the lock as long as the source lives.
  base::Fd file = root_.openFile(name, O_RDONLY);
  if (!file.valid()) {
    root_.fail("read back", name, ENOENT);
  }
  return fileSource(root_, name, std::move(file), ByteRange{0, size_});
}

void FilesystemUpload::commit(std::string_view path) {
  const std::string name = dataPath(path_);
  if (::fsync(data_.get()) != 0) {
    root_.fail("fsync", name, errno);
  }
  root_.publish(name, path, base::Durability::Durable);
  data_.reset();
  try {
    root_.removeTree(path_, base::Durability::Relaxed);
  } catch (const StorageError&) {
    return;  // published all the same; the purge of old uploads takes what is left
  }
}

void FilesystemUpload::cancel() noexcept {
  try {
    // First, so that the space comes back even if the name cannot be removed.
    if (::ftruncate(data_.get(), 0) != 0) {
      data_.reset();  // then closing and removing must do
    }
    data_.reset();
    root_.removeTree(path_, base::Durability::Relaxed);
  } catch (const std::exception&) {
    return;  // left to the purge of old uploads
  }
}

}  // namespace rha::storage
