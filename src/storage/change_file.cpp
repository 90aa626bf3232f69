#include "storage/change_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

#include "base/error.h"
#include "storage/filesystem_io.h"
#include "storage/storage_error.h"

namespace rha::storage {
namespace {

// linux/magic.h of Debian 12 lacks it.
constexpr long kXfsMagic = 0x58465342;
constexpr std::array<long, 4> kLocal{EXT4_SUPER_MAGIC, kXfsMagic, TMPFS_MAGIC, OVERLAYFS_SUPER_MAGIC};

constexpr std::chrono::seconds kLockWait{10};
constexpr std::chrono::milliseconds kLockPoll{10};

// Whoever has it alone is just setting it to zero.
void lockShared(const FilesystemRoot& root, const base::Fd& file) {
  const auto deadline = std::chrono::steady_clock::now() + kLockWait;
  while (::flock(file.get(), LOCK_SH | LOCK_NB) != 0) {
    if ((errno != EWOULDBLOCK && errno != EINTR) || std::chrono::steady_clock::now() >= deadline) {
      root.fail("lock", kChangeFile, errno);
    }
    std::this_thread::sleep_for(kLockPoll);
  }
}

// Its blocks are taken at once: a mapped file that finds no room on the disk ends the process (SIGBUS).
bool setToZero(const base::Fd& file) {
  return ::ftruncate(file.get(), 0) == 0 &&
         ::posix_fallocate(file.get(), 0, static_cast<off_t>(ChangeCounters::kFileBytes)) == 0;
}

}  // namespace

ChangeFile openChangeFile(FilesystemRoot& root) {
  ChangeFile result;
  base::Fd file = root.openOrCreateFile(kChangeFile);
  if (!file.valid()) {
    result.reason = "the file system is read-only or full";
    return result;
  }
  struct statfs system {};
  if (::fstatfs(file.get(), &system) != 0) {
    root.fail("look at the file system of", kChangeFile, errno);
  }
  if (std::find(kLocal.begin(), kLocal.end(), static_cast<long>(system.f_type)) == kLocal.end()) {
    result.reason = "the file system is none of ext4, xfs, tmpfs and overlay";
    return result;
  }
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) {
    static_cast<void>(setToZero(file));  // the size will tell
  }
  lockShared(root, file);
  if (fileSize(root, file, kChangeFile) != ChangeCounters::kFileBytes) {
    result.lock = std::move(file);
    result.reason = "there was no room for " + std::string(kChangeFile) + " when the first process opened it";
    return result;
  }
  try {
    result.counters = std::make_unique<ChangeCounters>(std::move(file));
  } catch (const base::IoError& error) {
    throw StorageError(StorageFailure::Unavailable, std::string("filesystem: ") + error.what());
  }
  return result;
}

}  // namespace rha::storage
