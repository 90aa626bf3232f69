#include "storage/cache_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/secret.h"

namespace rha::storage {
namespace {

using Path = std::filesystem::path;

constexpr std::time_t kFirstSeal = 1'000'000'000;  // 2001: no file is written then
constexpr std::uint64_t kSeals = 1U << 28U;
constexpr std::chrono::hours kUseGrain{1};

// Whole seconds, which every file system can keep.
std::time_t sealOf(const oci::Digest& digest, std::uint64_t size) {
  std::uint64_t value = 0;
  for (const char digit : digest.hex().substr(0, 7)) {
    value = value * 16 + static_cast<std::uint64_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
  }
  return kFirstSeal + static_cast<std::time_t>((value ^ size ^ (size >> 28U)) % kSeals);
}

bool isSealed(const struct stat& status, const oci::Digest& digest) {
  return S_ISREG(status.st_mode) && status.st_mtim.tv_nsec == 0 &&
         status.st_mtim.tv_sec == sealOf(digest, static_cast<std::uint64_t>(status.st_size));
}

timespec toTimespec(base::WallTime time) {
  const auto micros = time.time_since_epoch().count();
  return {.tv_sec = micros / 1'000'000, .tv_nsec = micros % 1'000'000 * 1000};
}

base::WallTime fromTimespec(const timespec& time) {
  return base::WallTime(std::chrono::microseconds(time.tv_sec * 1'000'000 + time.tv_nsec / 1000));
}

bool removeFile(const Path& file) {
  if (::unlink(file.c_str()) == 0) {
    return true;
  }
  if (errno != ENOENT) {
    base::throwErrno("cannot remove", file.native());
  }
  return false;
}

// Names of a folder's entries; none if it is not there.
std::vector<Path> entriesOf(const Path& folder) {
  std::error_code error;
  std::vector<Path> entries;
  std::filesystem::directory_iterator at(folder, error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    entries.push_back(at->path());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw base::IoError(error.value(), "cannot list " + folder.native());
  }
  return entries;
}

}  // namespace

FillingFile::~FillingFile() {
  if (!published_) {
    ::unlink(path_.c_str());
  }
}

void FillingFile::append(std::span<const std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count =
        ::pwrite(file_.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(size_ + done));
    if (count < 0 && errno != EINTR) {
      base::throwErrno("cannot write", path_.native());
    }
    done += count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  size_ += done;
}

void CacheFolder::open() {
  base::createFolders(path_ / "verified", base::Durability::Relaxed);
  base::createFolders(path_ / "filling", base::Durability::Relaxed);
  removeLeftovers();
}

// Whoever fills a file holds its lock. Between its creation and the lock it may be taken for a leftover: then that
// blob is not kept, and nothing else happens.
void CacheFolder::removeLeftovers() const {
  for (const Path& file : entriesOf(path_ / "filling")) {
    const base::Fd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (opened.valid() && ::flock(opened.get(), LOCK_EX | LOCK_NB) == 0) {
      removeFile(file);
    }
  }
}

std::filesystem::path CacheFolder::pathOf(const oci::Digest& digest) const {
  return path_ / "verified" / oci::toString(digest.algorithm()) / digest.hex().substr(0, 2) / digest.hex();
}

std::optional<CacheFolder::OpenFile> CacheFolder::openSealed(const oci::Digest& digest, int flags) const {
  const Path name = pathOf(digest);
  base::Fd file(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags));
  if (!file.valid()) {
    if (errno == ENOENT) {
      return std::nullopt;
    }
    base::throwErrno("cannot open", name.native());
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) {
    base::throwErrno("cannot stat", name.native());
  }
  if (!isSealed(status, digest)) {
    removeFile(name);
    return std::nullopt;
  }
  return OpenFile{std::move(file), static_cast<std::uint64_t>(status.st_size)};
}

std::optional<CacheFolder::OpenFile> CacheFolder::find(const oci::Digest& digest, base::WallTime now) const {
  auto found = openSealed(digest, 0);
  struct stat status {};
  if (found && ::fstat(found->file.get(), &status) == 0 && now - fromTimespec(status.st_atim) > kUseGrain) {
    const std::array<timespec, 2> times{toTimespec(now), timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT}};
    // Only the order of eviction after a restart depends on it.
    static_cast<void>(::futimens(found->file.get(), times.data()));
  }
  return found;
}

std::optional<CacheFolder::OpenFile> CacheFolder::look(const oci::Digest& digest) const {
  return openSealed(digest, O_NOATIME);
}

std::unique_ptr<FillingFile> CacheFolder::create(std::uint64_t size) const {
  const Path name = path_ / "filling" / base::randomUuid();
  base::Fd file(::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.valid()) {
    base::throwErrno("cannot create", name.native());
  }
  auto filling = std::make_unique<FillingFile>(name, std::move(file));
  if (::flock(filling->descriptor(), LOCK_EX | LOCK_NB) != 0) {
    base::throwErrno("cannot lock", name.native());
  }
  if (size > 0 && ::fallocate(filling->descriptor(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size)) != 0 &&
      errno != EOPNOTSUPP && errno != EINTR) {
    base::throwErrno("cannot set aside " + std::to_string(size) + " bytes for", name.native());
  }
  return filling;
}

void CacheFolder::publish(FillingFile& file, const oci::Digest& digest, base::WallTime now, Sync sync) const {
  if (sync == Sync::Yes && ::fdatasync(file.descriptor()) != 0) {
    base::throwErrno("cannot sync", file.path_.native());
  }
  const std::array<timespec, 2> times{toTimespec(now), timespec{.tv_sec = sealOf(digest, file.size()), .tv_nsec = 0}};
  if (::futimens(file.descriptor(), times.data()) != 0) {
    base::throwErrno("cannot set the times of", file.path_.native());
  }
  const Path name = pathOf(digest);
  base::createFolders(name.parent_path(), base::Durability::Relaxed);
  if (::rename(file.path_.c_str(), name.c_str()) != 0) {
    base::throwErrno("cannot rename", file.path_.native() + " to " + name.native());
  }
  file.published_ = true;
}

bool CacheFolder::remove(const oci::Digest& digest) const { return removeFile(pathOf(digest)); }

void CacheFolder::list(const std::function<void(const Listed&)>& visit) const {
  for (const auto algorithm : {oci::HashAlgorithm::Sha256, oci::HashAlgorithm::Sha512}) {
    const std::string prefix = std::string(oci::toString(algorithm)) + ':';
    for (const Path& folder : entriesOf(path_ / "verified" / oci::toString(algorithm))) {
      for (const Path& file : entriesOf(folder)) {
        const auto digest = oci::Digest::parse(prefix + file.filename().native());
        struct stat status {};
        if (::lstat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
          continue;  // another process was quicker, or it is none of ours
        }
        if (digest.ok() && isSealed(status, *digest)) {
          visit({*digest, static_cast<std::uint64_t>(status.st_size), fromTimespec(status.st_atim)});
        } else {
          removeFile(file);
        }
      }
    }
  }
}

}  // namespace rha::storage
