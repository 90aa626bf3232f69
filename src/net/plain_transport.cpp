#include "net/plain_transport.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <cerrno>

namespace rha::net {
namespace {

IoResult failure(IoStatus wouldBlock) {
  const bool again = errno == EAGAIN || errno == EWOULDBLOCK;
  return {.status = again ? wouldBlock : IoStatus::Failed, .count = 0, .drained = true};
}

}  // namespace

IoResult PlainTransport::read(std::span<std::byte> buffer) {
  ssize_t count = 0;
  do {
    count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    return failure(IoStatus::WantRead);
  }
  if (count == 0) {
    return {.status = IoStatus::End, .count = 0, .drained = true};
  }
  const auto size = static_cast<std::size_t>(count);
  // A short read emptied the socket: what comes later raises a new edge in epoll.
  return {.status = IoStatus::Done, .count = size, .drained = size < buffer.size()};
}

IoResult PlainTransport::write(std::span<const iovec> parts, Following following) {
  msghdr message{};
  // Not written to; the field is not const in C. NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  const int flags = MSG_NOSIGNAL | (following == Following::More ? MSG_MORE : 0);
  ssize_t count = 0;
  do {
    count = ::sendmsg(socket_.get(), &message, flags);
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    return failure(IoStatus::WantWrite);
  }
  return {.status = IoStatus::Done, .count = static_cast<std::size_t>(count)};
}

IoResult PlainTransport::sendFile(int file, std::uint64_t offset, std::size_t length) {
  auto position = static_cast<off_t>(offset);
  ssize_t count = 0;
  do {
    count = ::sendfile(socket_.get(), file, &position, length);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && errno == EIO) {
    return {};
  }
  if (count < 0) {
    return failure(IoStatus::WantWrite);
  }
  return {.status = IoStatus::Done, .count = static_cast<std::size_t>(count)};
}

void PlainTransport::shutdownWrite() { ::shutdown(socket_.get(), SHUT_WR); }

}  // namespace rha::net
