// Connection: whose it is, when it comes from a proxy that says so.
#include <sys/socket.h>

#include <cerrno>

#include "net/connection.h"
#include "net/proxy_header.h"

namespace rha::net {

// Looks before it takes: what follows the header is the transport's to read from the socket.
Connection::Progress Connection::readProxyHeader() {
  const std::span<std::byte> scratch = loop_.scratch().first(kLongestProxyHeader);
  const ssize_t count = ::recv(transport_->descriptor(), scratch.data(), scratch.size(), MSG_PEEK);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    return Progress::Blocked;
  }
  if (count <= 0) {
    close(CloseReason::ClientGone);
    return Progress::Blocked;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(scratch.data()), static_cast<std::size_t>(count));
  const ProxyHeader header = parseProxyHeader(bytes);
  if (header.state == ProxyHeader::State::Incomplete && !peerEnded_) {
    return Progress::Blocked;
  }
  if (header.state != ProxyHeader::State::Complete) {
    engine_.counters->proxyRefused->add();
    if (transport_->secure()) {
      close(CloseReason::Refused);
      return Progress::Blocked;
    }
    return refuse(400, "a connection from this proxy must begin with a header of the PROXY protocol");
  }
  ::recv(transport_->descriptor(), scratch.data(), header.size, 0);
  awaitsProxyHeader_ = false;
  if (header.source) {
    peer_ = *header.source;
  }
  auto [verdict, taken] = engine_.limiter.take(peer_);
  addressSlot = std::move(taken);
  if (verdict != AddressLimiter::Verdict::Within) {
    engine_.counters->shedAddress->add();
    welcome_ = Welcome::Crowded;
  }
  return Progress::Continue;
}

}  // namespace rha::net
