#include "index/file_lock.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "index/index.h"

namespace rha::index {
namespace {

// Others hold the lock for milliseconds, and rarely.
constexpr std::chrono::milliseconds kPause{5};

[[noreturn]] void failWith(std::string_view what, const std::filesystem::path& path) {
  throw IndexError("index: cannot " + std::string(what) + " " + path.string() + ": " + std::strerror(errno));
}

base::Fd openFile(const std::filesystem::path& path) {
  base::Fd file(::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  if (!file.valid()) {
    failWith("open", path);
  }
  return file;
}

// Whether `path` still names the open file.
bool isCurrent(const base::Fd& file, const std::filesystem::path& path) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(file.get(), &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

}  // namespace

FileLock::FileLock(const std::filesystem::path& path, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    file_ = openFile(path);
    while (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) {
        failWith("lock", path);
      }
      if (std::chrono::steady_clock::now() >= deadline) {
        throw IndexError("index: another process kept " + path.string() + " locked for " +
                         std::to_string(patience.count()) + " ms");
      }
      std::this_thread::sleep_for(kPause);
    }
    if (isCurrent(file_, path)) {
      return;
    }
  }
}

}  // namespace rha::index
