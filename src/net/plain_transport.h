// PlainTransport: TCP without TLS, by recv(2), sendmsg(2) and sendfile(2).
//
// As Transport. sendfile(2) knows no MSG_NOSIGNAL: the process ignores SIGPIPE (Server::start()).
#pragma once

#include "net/transport.h"

namespace rha::net {

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(base::Fd socket) : socket_(std::move(socket)) {}

  [[nodiscard]] int descriptor() const override { return socket_.get(); }
  [[nodiscard]] bool secure() const override { return false; }
  IoResult handshake() override { return {}; }
  IoResult read(std::span<std::byte> buffer) override;
  IoResult write(std::span<const iovec> parts, Following following) override;
  IoResult sendFile(int file, std::uint64_t offset, std::size_t length) override;
  void shutdownWrite() override;

 private:
  base::Fd socket_;
};

class PlainTransportFactory final : public TransportFactory {
 public:
  std::unique_ptr<Transport> make(base::Fd socket) override {
    return std::make_unique<PlainTransport>(std::move(socket));
  }
};

}  // namespace rha::net
