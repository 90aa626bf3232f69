// TlsTransport: TLS over TCP, by OpenSSL on the connection's own socket. Internal to net; made by TlsTransportFactory.
//
// As Transport. A client that speaks plain HTTP is found out by its first byte; from then on this is a plain transport,
// so that it can be told. What OpenSSL has decrypted and not yet given is never forgotten: no read says `drained`, so
// the connection reads until OpenSSL wants more from the socket. Bodies from files go by SSL_sendfile where OpenSSL and
// the kernel encrypt there (kTLS), else through 16 KiB of memory.
#pragma once

#include <memory>

#include "net/openssl.h"
#include "net/plain_transport.h"
#include "net/tls_context.h"
#include "net/tls_counters.h"

namespace rha::net {

class TlsTransport final : public Transport {
 public:
  TlsTransport(base::Fd socket, std::shared_ptr<const TlsContext> context, std::shared_ptr<TlsCounters> counters);
  ~TlsTransport() override;
  TlsTransport(const TlsTransport&) = delete;
  TlsTransport& operator=(const TlsTransport&) = delete;

  [[nodiscard]] int descriptor() const override { return socket_.descriptor(); }
  [[nodiscard]] bool secure() const override { return state_ != State::Plain; }
  IoResult handshake() override;
  IoResult read(std::span<std::byte> buffer) override;
  IoResult write(std::span<const iovec> parts, Following following) override;
  IoResult sendFile(int file, std::uint64_t offset, std::size_t length) override;
  void shutdownWrite() override;
  void sayGoodbye() override;

 private:
  enum class State : std::uint8_t { Silent, Shaking, Open, Plain, Broken };
  IoResult listenForHello();
  IoResult failHandshake(HandshakeFailure reason);
  IoResult put(std::span<const std::byte> bytes);
  IoResult outcome(int result);

  PlainTransport socket_;
  std::shared_ptr<const TlsContext> context_;
  std::shared_ptr<TlsCounters> counters_;
  SslPtr connection_;  // null until the client has said something: silent ones cost little
  State state_ = State::Silent;
  bool kernelSends_ = false;  // kTLS
  bool saidGoodbye_ = false;
  std::size_t pending_ = 0;  // bytes of a record that OpenSSL has sealed and could not send
};

}  // namespace rha::net
