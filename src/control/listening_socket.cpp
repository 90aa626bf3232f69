#include "control/listening_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>

#include "base/error.h"

namespace rha::control {
namespace {

constexpr int kBacklog = 64;
constexpr const char* kFailure = "cannot listen on control socket";

std::optional<sockaddr_un> addressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return std::nullopt;
  }
  path.copy(address.sun_path, path.size());
  return address;
}

base::Fd newSocket() { return base::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

// Throws if `path` must not be replaced.
void checkReplaceable(const std::string& path, ControlStart how) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) {
      return;
    }
    base::throwErrno(kFailure, path);
  }
  if (!S_ISSOCK(info.st_mode)) {
    throw base::IoError(EEXIST, std::string(kFailure) + " " + path + ": a file that is no socket is in the way");
  }
  // EAGAIN: somebody listens, but too many wait already.
  if (how == ControlStart::TakeOver) {
    return;
  }
  if (connectTo(path).valid() || errno == EAGAIN) {
    throw base::IoError(EADDRINUSE, std::string(kFailure) + " " + path + ": another process answers there");
  }
}

}  // namespace

base::Fd connectTo(const std::string& path) {
  const auto address = addressOf(path);
  base::Fd socket = address ? newSocket() : base::Fd();
  if (socket.valid() && ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
    const int failure = errno;
    socket.reset();
    errno = failure;
  }
  return socket;
}

// The socket is made under another name and renamed, so that a client meets the old one, or the new one with its right
// mode and listening, never something in between.
void ListeningSocket::open(const std::string& path, ControlStart how) {
  checkReplaceable(path, how);
  const std::string fresh = path + ".new";
  const auto address = addressOf(fresh);
  base::Fd socket = address ? newSocket() : base::Fd();
  if (!socket.valid()) {
    base::throwErrno(kFailure, path);
  }
  ::unlink(fresh.c_str());
  struct stat info {};
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 ||
      ::chmod(fresh.c_str(), 0660) != 0 || ::listen(socket.get(), kBacklog) != 0 ||
      ::lstat(fresh.c_str(), &info) != 0 || ::rename(fresh.c_str(), path.c_str()) != 0) {
    const int failure = errno;
    ::unlink(fresh.c_str());
    throw base::IoError(failure, std::string(kFailure) + " " + path);
  }
  socket_ = std::move(socket);
  path_ = path;
  device_ = info.st_dev;
  inode_ = info.st_ino;
}

void ListeningSocket::close() {
  if (!socket_.valid()) {
    return;
  }
  struct stat info {};
  if (::lstat(path_.c_str(), &info) == 0 && info.st_dev == device_ && info.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
  socket_.reset();
}

base::Fd ListeningSocket::accept() const {
  return base::Fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

}  // namespace rha::control
