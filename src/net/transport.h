// Transport: how the bytes of one connection move: plain TCP, or TLS over it. Everything above it (head, bodies,
// keep-alive, deadlines) is the same for both.
//
// Owned by its Connection; used on that connection's event thread only. No call blocks; failures are a Status, nothing
// throws.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/fd.h"

namespace rha::net {

enum class IoStatus : std::uint8_t {
  Done,
  WantRead,   // call again once the socket is readable
  WantWrite,  // call again once the socket is writable
  End,        // the peer will send nothing more (read only)
  NotTls,     // handshake only: the peer speaks plain HTTP, and can be answered in it
  Failed      // reset, protocol error …: give the connection up
};

struct IoResult {
  IoStatus status = IoStatus::Done;
  std::size_t count = 0;  // bytes moved; > 0 only with Done
  // After a read: nothing more was there at that moment, so the next readable event may be waited for at once.
  bool drained = false;
};

// Whether more bytes follow at once, so that the kernel may wait for them to fill a segment.
enum class Following : std::uint8_t { Nothing, More };

// Bytes to be written. The field is not const in C, since reads use it, too.
inline iovec pieceOf(std::string_view bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
  return {.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
}

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  [[nodiscard]] virtual int descriptor() const = 0;
  // Whether nobody between can read the bytes.
  [[nodiscard]] virtual bool secure() const = 0;
  // One step of what must happen before the first byte; Done when nothing is left of it. May take a millisecond of CPU
  // if secure().
  virtual IoResult handshake() = 0;
  virtual IoResult read(std::span<std::byte> buffer) = 0;
  virtual IoResult write(std::span<const iovec> parts, Following following) = 0;
  // Sends from a file. Done with count 0: the file ended, or cannot be read.
  virtual IoResult sendFile(int file, std::uint64_t offset, std::size_t length) = 0;
  // No more will be written; the peer sees the end of the stream.
  virtual void shutdownWrite() = 0;
  // The connection is about to be closed between two answers: the peer may be told that nothing was cut off.
  virtual void sayGoodbye() {}
};

// Makes the transport of an accepted, non-blocking socket. Shared by the event threads; make() is thread-safe.
class TransportFactory {
 public:
  TransportFactory() = default;
  TransportFactory(const TransportFactory&) = delete;
  TransportFactory& operator=(const TransportFactory&) = delete;
  virtual ~TransportFactory() = default;
  virtual std::unique_ptr<Transport> make(base::Fd socket) = 0;
};

}  // namespace rha::net
