#include "net/tls_transport.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace rha::net {
namespace {

constexpr std::size_t kRecordBytes = 16 * 1024;

// What goes into one record: parts put together, or a piece of a file. One for each event thread.
std::span<std::byte> recordBuffer() {
  thread_local std::array<std::byte, kRecordBytes> buffer;
  return buffer;
}

std::span<const std::byte> bytesOf(const iovec& part) {
  return {static_cast<const std::byte*>(part.iov_base), part.iov_len};
}

// As much of the parts as fits into a record.
std::span<const std::byte> gather(std::span<const iovec> parts) {
  if (parts.size() == 1) {
    return bytesOf(parts[0]);
  }
  const std::span<std::byte> buffer = recordBuffer();
  std::size_t size = 0;
  for (const iovec& part : parts) {
    const std::size_t count = std::min(part.iov_len, buffer.size() - size);
    std::memcpy(buffer.data() + size, part.iov_base, count);
    size += count;
  }
  return buffer.first(size);
}

bool mayBeginMethod(char byte) { return byte >= 'A' && byte <= 'Z'; }

}  // namespace

TlsTransport::TlsTransport(base::Fd socket, std::shared_ptr<const TlsContext> context,
                           std::shared_ptr<TlsCounters> counters)
    : socket_(std::move(socket)), context_(std::move(context)), counters_(std::move(counters)) {}

TlsTransport::~TlsTransport() {
  if (state_ == State::Silent || state_ == State::Shaking) {
    counters_->failed(HandshakeFailure::Unfinished);
  } else if (state_ == State::Open) {
    // Or OpenSSL takes the session for a bad one and drops it from the cache.
    SSL_set_shutdown(connection_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }
}

IoResult TlsTransport::handshake() {
  if (state_ == State::Silent) {
    const IoResult heard = listenForHello();
    if (state_ != State::Shaking) {
      return heard;
    }
  }
  ERR_clear_error();
  const int result = SSL_do_handshake(connection_.get());
  if (result == 1) {
    state_ = State::Open;
    kernelSends_ = BIO_get_ktls_send(SSL_get_wbio(connection_.get())) != 0;
    counters_->done(connection_.get());
    return {};
  }
  switch (SSL_get_error(connection_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {.status = IoStatus::WantRead};
    case SSL_ERROR_WANT_WRITE:
      return {.status = IoStatus::WantWrite};
    case SSL_ERROR_SYSCALL:
      return failHandshake(HandshakeFailure::Unfinished);
    default:
      return failHandshake(failureOf(ERR_peek_error()));
  }
}

IoResult TlsTransport::listenForHello() {
  char first = 0;
  const ssize_t count = ::recv(socket_.descriptor(), &first, 1, MSG_PEEK);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    return {.status = IoStatus::WantRead};
  }
  if (count <= 0) {
    return failHandshake(HandshakeFailure::Unfinished);
  }
  if (mayBeginMethod(first)) {
    counters_->failed(HandshakeFailure::PlainHttp);
    state_ = State::Plain;
    return {.status = IoStatus::NotTls};
  }
  connection_ = context_->newConnection(socket_.descriptor());
  if (!connection_) {
    return failHandshake(HandshakeFailure::Other);
  }
  state_ = State::Shaking;
  return {};
}

IoResult TlsTransport::failHandshake(HandshakeFailure reason) {
  ERR_clear_error();
  counters_->failed(reason);
  state_ = State::Broken;
  return {.status = IoStatus::Failed};
}

// Of a call that moved nothing.
IoResult TlsTransport::outcome(int result) {
  switch (SSL_get_error(connection_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {.status = IoStatus::WantRead};
    case SSL_ERROR_WANT_WRITE:
      return {.status = IoStatus::WantWrite};
    case SSL_ERROR_ZERO_RETURN:
      return {.status = IoStatus::End};
    default:
      ERR_clear_error();
      state_ = State::Broken;
      return {.status = IoStatus::Failed};
  }
}

IoResult TlsTransport::read(std::span<std::byte> buffer) {
  if (state_ == State::Plain) {
    return socket_.read(buffer);
  }
  if (state_ != State::Open) {
    return {.status = IoStatus::Failed};
  }
  ERR_clear_error();
  std::size_t count = 0;
  const int result = SSL_read_ex(connection_.get(), buffer.data(), buffer.size(), &count);
  return result == 1 ? IoResult{.status = IoStatus::Done, .count = count} : outcome(result);
}

IoResult TlsTransport::write(std::span<const iovec> parts, Following following) {
  return state_ == State::Plain ? socket_.write(parts, following) : put(gather(parts));
}

// A record that could not be sent is offered again with as many bytes, as OpenSSL wants it; the caller comes back with
// the same ones.
IoResult TlsTransport::put(std::span<const std::byte> bytes) {
  if (state_ != State::Open) {
    return {.status = IoStatus::Failed};
  }
  const std::size_t size = std::min(bytes.size(), pending_ > 0 ? pending_ : kRecordBytes);
  ERR_clear_error();
  std::size_t count = 0;
  const int result = SSL_write_ex(connection_.get(), bytes.data(), size, &count);
  if (result == 1) {
    pending_ = 0;
    return {.status = IoStatus::Done, .count = count};
  }
  pending_ = size;
  return outcome(result);
}

IoResult TlsTransport::sendFile(int file, std::uint64_t offset, std::size_t length) {
  if (state_ == State::Plain) {
    return socket_.sendFile(file, offset, length);
  }
  if (kernelSends_ && pending_ == 0 && state_ == State::Open) {
    ERR_clear_error();
    const ssize_t count = SSL_sendfile(connection_.get(), file, static_cast<off_t>(offset), length, 0);
    return count >= 0 ? IoResult{.status = IoStatus::Done, .count = static_cast<std::size_t>(count)}
                      : outcome(static_cast<int>(count));
  }
  std::span<std::byte> piece = recordBuffer().first(std::min(length, kRecordBytes));
  if (pending_ == 0) {
    ssize_t count = 0;
    do {
      count = ::pread(file, piece.data(), piece.size(), static_cast<off_t>(offset));
    } while (count < 0 && errno == EINTR);
    if (count <= 0) {
      return {};
    }
    piece = piece.first(static_cast<std::size_t>(count));
  }
  return put(piece);
}

void TlsTransport::sayGoodbye() {
  if (state_ == State::Open && pending_ == 0 && !saidGoodbye_) {
    saidGoodbye_ = true;
    ERR_clear_error();
    SSL_shutdown(connection_.get());  // close_notify; if it does not fit, the client sees the end without it
    ERR_clear_error();
  }
}

void TlsTransport::shutdownWrite() {
  sayGoodbye();
  socket_.shutdownWrite();
}

}  // namespace rha::net
