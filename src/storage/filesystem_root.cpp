#include "storage/filesystem_root.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "base/text.h"
#include "storage/folder_reader.h"
#include "storage/storage_error.h"
#include "storage/storage_path.h"

namespace rha::storage {
namespace {

constexpr mode_t kFolderMode = 0755;
constexpr mode_t kFileMode = 0644;
// A folder just created may be removed again by a purge before it is used; more rounds than this mean that something
// else is wrong.
constexpr int kMaxAttempts = 32;
constexpr std::size_t kMaxDurableFolders = 16384;
// put() holds a temporary file for moments. Another live process (an upgrade handing over) may own younger ones.
constexpr std::time_t kTemporaryLifetimeSeconds = 3600;

struct Advice {
  StorageFailure failure;
  const char* text;
};

Advice adviceFor(int errnoValue) {
  switch (errnoValue) {
    case ENOSPC:
      return {StorageFailure::NoSpace, "free space or inodes on this file system (df, df -i)"};
    case EDQUOT:
      return {StorageFailure::NoSpace, "raise the quota of the registry's user or free space"};
    case EMFILE:
    case ENFILE:
      return {StorageFailure::Unavailable, "raise the limit of open files (LimitNOFILE=)"};
    case ENOMEM:
      return {StorageFailure::Unavailable, "the machine is out of memory"};
    case EACCES:
    case EPERM:
      return {
          StorageFailure::Broken,
          "the storage folder and all below it must belong to the user the registry runs as, folders with mode 0755 "
          "and files with 0644"};
    case EROFS:
      return {StorageFailure::Broken, "the file system is mounted read-only: check the disk, then remount it"};
    case EXDEV:
      return {StorageFailure::Broken, "the whole storage folder must be one file system: no mounts inside it"};
    case ENOTDIR:
    case EISDIR:
    case EEXIST:
    case ENOTEMPTY:
      return {StorageFailure::Broken, "something else is in the way at that path: look at it and move it aside"};
    case EIO:
      return {StorageFailure::Broken, "the disk is failing: look at the kernel's log"};
    default:
      return {StorageFailure::Broken, "look at the kernel's log and at the file system"};
  }
}

// Whether errno says that the path cannot name anything that exists.
bool isAbsence(int errnoValue) { return errnoValue == ENOENT || errnoValue == ENOTDIR || errnoValue == ENAMETOOLONG; }

// What names the present boot for the service, whose sandbox hides the kernel's file (ProcSubset=pid): its unit sets
// it, so that a restart knows the uploads of the process before.
constexpr const char* kBootVariable = "REGISTRYD_BOOT";

std::string readBootId() {
  if (const char* const given = std::getenv(kBootVariable); given != nullptr && *given != '\0') {
    return given;
  }
  if (auto text = base::readFile("/proc/sys/kernel/random/boot_id", 64)) {
    return std::string(base::trim(text->substr(0, text->find('\n'))));
  }
  // The process that takes over from this one inherits it with the environment; one that is started anew does not.
  std::string made = base::randomUuid();
  ::setenv(kBootVariable, made.c_str(), 1);
  return made;
}

// Removes what is below the open folder; returns the number of files. `path` is for error texts.
std::uint64_t removeContents(const FilesystemRoot& root, base::Fd folder, const std::string& path) {
  std::uint64_t count = 0;
  FolderReader reader(std::move(folder));
  while (auto entry = reader.next()) {
    const std::string name = entry->name;
    std::string entryPath = path;
    entryPath.append("/").append(name);
    if (::unlinkat(reader.descriptor(), name.c_str(), 0) == 0) {
      ++count;
      continue;
    }
    if (errno == ENOENT) {
      continue;
    }
    if (errno != EISDIR && errno != EPERM) {  // POSIX says EPERM for a folder, Linux EISDIR
      root.fail("remove", entryPath, errno);
    }
    base::Fd below(::openat(reader.descriptor(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!below.valid()) {
      if (errno == ENOENT) {
        continue;
      }
      root.fail("remove", entryPath, errno);
    }
    count += removeContents(root, std::move(below), entryPath);
    if (::unlinkat(reader.descriptor(), name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT && errno != ENOTEMPTY) {
      root.fail("remove", entryPath, errno);
    }
  }
  if (reader.error() != 0) {
    root.fail("list", path, reader.error());
  }
  return count;
}

}  // namespace

void FilesystemRoot::open(OpenFor use) {
  if (use == OpenFor::Writing) {
    try {
      base::createFolders(folder_, base::Durability::Durable);
    } catch (const base::IoError& error) {
      fail("create the storage folder", "", error.errnoValue());
    }
  }
  root_ = base::Fd(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root_.valid()) {
    fail("open the storage folder", "", errno);
  }
  bootId_ = readBootId();
  if (use == OpenFor::Writing) {
    removeOldTemporaries();
  }
}

base::Fd FilesystemRoot::openFile(std::string_view path, int flags) const {
  // O_NONBLOCK: a FIFO that got there by mistake must not hang a worker; it means nothing for regular files.
  base::Fd file(::openat(root_.get(), std::string(path).c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.valid()) {
    // EISDIR: a folder opened for writing. ENXIO: a socket or a FIFO without a reader.
    if (isAbsence(errno) || errno == EISDIR || errno == ENXIO) {
      return {};
    }
    fail("open", path, errno);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) {
    fail("stat", path, errno);
  }
  return S_ISREG(status.st_mode) ? std::move(file) : base::Fd();
}

base::Fd FilesystemRoot::openFolder(std::string_view path) const {
  base::Fd folder(::openat(root_.get(), std::string(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid() && !isAbsence(errno)) {
    fail("open the folder", path, errno);
  }
  return folder;
}

std::optional<struct stat> FilesystemRoot::status(std::string_view path) const {
  struct stat result {};
  if (::fstatat(root_.get(), std::string(path).c_str(), &result, 0) != 0) {
    if (isAbsence(errno)) {
      return std::nullopt;
    }
    fail("stat", path, errno);
  }
  return result;
}

base::Fd FilesystemRoot::createFile(std::string_view path) {
  const std::string name(path);
  const int descriptor = withParents(path, [&] {
    return ::openat(root_.get(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  });
  if (descriptor < 0) {
    fail("create", path, errno);
  }
  return base::Fd(descriptor);
}

base::Fd FilesystemRoot::openOrCreateFile(std::string_view path) {
  const std::string name(path);
  try {
    const int descriptor = withParents(path, [&] {
      return ::openat(root_.get(), name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode);
    });
    if (descriptor >= 0) {
      return base::Fd(descriptor);
    }
    if (errno == EROFS || errno == ENOSPC || errno == EDQUOT) {
      return {};
    }
  } catch (const StorageError& error) {
    if (error.failure() == StorageFailure::NoSpace) {
      return {};  // no room for the folders above
    }
    throw;
  }
  fail("open or create", path, errno);
}

base::Fd FilesystemRoot::createTemporary(std::string& name) {
  const std::string prefix = std::string(kTemporaryFolder) + '/' + std::to_string(::getpid()) + '-';
  while (true) {
    // The name may be taken: by a process of another pid namespace, or by a dead one that had the same id.
    name = prefix + std::to_string(temporaryNumber_.fetch_add(1, std::memory_order_relaxed));
    const int descriptor = withParents(name, [&] {
      return ::openat(root_.get(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kFileMode);
    });
    if (descriptor >= 0) {
      return base::Fd(descriptor);
    }
    if (errno != EEXIST) {
      fail("create", name, errno);
    }
  }
}

void FilesystemRoot::publish(std::string_view from, std::string_view to, base::Durability durability) {
  const std::string source(from);
  const std::string target(to);
  const int answer =
      withParents(to, [&] { return ::renameat(root_.get(), source.c_str(), root_.get(), target.c_str()); });
  if (answer != 0) {
    const int errnoValue = errno;
    if (errnoValue == ENOENT && !status(from)) {
      fail("publish " + target + ", its data were removed meanwhile:", from, errnoValue);
    }
    fail("rename " + source + " to", to, errnoValue);
  }
  if (durability == base::Durability::Durable) {
    syncUpToRoot(parentOf(to));
  }
}

bool FilesystemRoot::removeFile(std::string_view path) {
  const int answer = ::unlinkat(root_.get(), std::string(path).c_str(), 0);
  if (answer != 0) {
    if (errno == EISDIR || errno == ENOTDIR || errno == ENAMETOOLONG) {
      return false;
    }
    if (errno != ENOENT) {
      fail("remove", path, errno);
    }
  }
  // Also when it was gone already: an earlier attempt may have failed between unlink and fsync.
  syncFolder(parentOf(path));
  return answer == 0;
}

std::uint64_t FilesystemRoot::removeTree(std::string_view path, base::Durability durability) {
  const std::string name(path);
  std::uint64_t count = 0;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    base::Fd folder(::openat(root_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder.valid()) {
      if (isAbsence(errno)) {
        return count;
      }
      fail("remove the folder", path, errno);
    }
    count += removeContents(*this, std::move(folder), name);
    if (::unlinkat(root_.get(), name.c_str(), AT_REMOVEDIR) == 0) {
      break;
    }
    // ENOTEMPTY: somebody writes below it at the same time; what came later need not go.
    if (errno != ENOENT && errno != ENOTEMPTY) {
      fail("remove the folder", path, errno);
    }
  }
  if (durability == base::Durability::Durable) {
    syncFolder(parentOf(path));
  }
  return count;
}

void FilesystemRoot::discard(std::string_view path) const noexcept {
  try {
    static_cast<void>(::unlinkat(root_.get(), std::string(path).c_str(), 0));
  } catch (const std::bad_alloc&) {
    return;  // a leftover is removed by open() one day
  }
}

void FilesystemRoot::fail(std::string_view operation, std::string_view path, int errnoValue) const {
  const Advice advice = adviceFor(errnoValue);
  std::string text = "filesystem: cannot ";
  text.append(operation).append(" ").append((path.empty() ? folder_ : folder_ / path).string()).append(": ");
  text.append(std::generic_category().message(errnoValue)).append("; ").append(advice.text);
  throw StorageError(advice.failure, text);
}

int FilesystemRoot::withParents(std::string_view path, const std::function<int()>& operation) {
  int answer = operation();
  for (int attempt = 1; answer < 0 && errno == ENOENT && attempt < kMaxAttempts; ++attempt) {
    createFolders(parentOf(path));
    answer = operation();
  }
  return answer;
}

void FilesystemRoot::createFolders(std::string_view folder) {
  // Up to the first folder that is there or can be made, then down again.
  std::vector<std::string> missing;
  for (std::string_view above = folder; !above.empty(); above = parentOf(above)) {
    missing.emplace_back(above);
    if (createFolder(missing.back())) {
      missing.pop_back();
      break;
    }
  }
  for (auto name = missing.rbegin(); name != missing.rend(); ++name) {
    if (!createFolder(*name)) {
      return;  // lost against a removal (or the root is gone): the caller tries again
    }
  }
}

bool FilesystemRoot::createFolder(const std::string& name) {
  if (::mkdirat(root_.get(), name.c_str(), kFolderMode) == 0) {
    durableFolders_.lock()->erase(name);
    return true;
  }
  if (errno != EEXIST && errno != ENOENT) {
    fail("create the folder", name, errno);
  }
  return errno == EEXIST;
}

void FilesystemRoot::syncFolder(std::string_view folder) const {
  const std::string name = folder.empty() ? std::string(".") : std::string(folder);
  base::Fd opened(::openat(root_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.valid()) {
    if (isAbsence(errno)) {
      return;  // removed meanwhile, with what was in it
    }
    fail("open the folder", folder, errno);
  }
  // EINVAL: a file system on which folders need no fsync (and have none).
  if (::fsync(opened.get()) != 0 && errno != EINVAL) {
    fail("fsync the folder", folder, errno);
  }
}

void FilesystemRoot::syncUpToRoot(std::string_view folder) {
  syncFolder(folder);
  // A folder above may have been created a moment ago, by us or by another thread that has not synced it, or by a
  // Relaxed write that never will: climb until one is known to be on disk. Once a folder was seen, this costs a lookup.
  while (!folder.empty()) {
    const std::string name(folder);
    if (durableFolders_.lock()->contains(name)) {
      return;
    }
    folder = parentOf(folder);
    syncFolder(folder);
    auto known = durableFolders_.lock();
    if (known->size() >= kMaxDurableFolders) {
      known->clear();
    }
    known->insert(name);
  }
}

void FilesystemRoot::removeOldTemporaries() {
  base::Fd folder = openFolder(kTemporaryFolder);
  if (!folder.valid()) {
    return;
  }
  FolderReader reader(std::move(folder));
  const std::time_t limit = std::time(nullptr) - kTemporaryLifetimeSeconds;
  while (auto entry = reader.next()) {
    struct stat status {};
    const std::string name = entry->name;
    if (::fstatat(reader.descriptor(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) &&
        status.st_mtim.tv_sec < limit) {
      // Failure does not matter: a leftover only takes space.
      static_cast<void>(::unlinkat(reader.descriptor(), name.c_str(), 0));
    }
  }
}

}  // namespace rha::storage
