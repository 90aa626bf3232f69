#include "registry/process_locks.h"

#include <cerrno>
#include <thread>

#include <fcntl.h>

#include "base/error.h"

namespace rha::registry {
namespace {

// Another process holds a place for as long as a request of its takes, and only while it hands over.
constexpr std::chrono::milliseconds kPause{10};

struct flock placeLock(short type, std::uint64_t place) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(place);
  lock.l_len = 1;
  return lock;
}

[[noreturn]] void fail() { throw base::IoError(errno, "cannot lock a place between processes"); }

}  // namespace

ProcessLocks::Held::~Held() {
  if (locks_ != nullptr) {
    struct flock lock = placeLock(F_UNLCK, place_);
    ::fcntl(locks_->file_.get(), F_OFD_SETLK, &lock);
  }
}

ProcessLocks::ProcessLocks(const std::filesystem::path& file)
    : file_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (!file_.valid()) {
    base::throwErrno("cannot open", file.string());
  }
}

ProcessLocks::Held ProcessLocks::wait(std::uint64_t place) const {
  struct flock lock = placeLock(F_WRLCK, place);
  while (::fcntl(file_.get(), F_OFD_SETLKW, &lock) != 0) {
    if (errno != EINTR) {
      fail();
    }
  }
  return {*this, place};
}

std::optional<ProcessLocks::Held> ProcessLocks::waitFor(std::uint64_t place, std::chrono::milliseconds patience) const {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  struct flock lock = placeLock(F_WRLCK, place);
  while (::fcntl(file_.get(), F_OFD_SETLK, &lock) != 0) {
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
      fail();
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return std::nullopt;
    }
    std::this_thread::sleep_for(kPause);
  }
  return Held(*this, place);
}

bool ProcessLocks::heldElsewhere(std::uint64_t place) const {
  struct flock lock = placeLock(F_WRLCK, place);
  if (::fcntl(file_.get(), F_OFD_GETLK, &lock) != 0) {
    fail();
  }
  return lock.l_type != F_UNLCK;
}

// FNV-1a, in the places that off_t has above the first 4096, which are numbers.
std::uint64_t ProcessLocks::placeOf(std::string_view text) {
  constexpr std::uint64_t kNumbers = 4096;
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  }
  return kNumbers + (hash >> 2U);
}

}  // namespace rha::registry
