// Address: a numeric IP address and port; parsing of what an operator writes in `listen`.
//
// A value; thread-safe to read. No name is ever resolved here.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rha::net {

class Address final {
 public:
  Address() = default;
  // "127.0.0.1:5000", "[::1]:5000", ":5000" and "*:5000" (all addresses, IPv6 and IPv4). Error: for the operator.
  static base::Result<Address, std::string> parse(std::string_view text);
  // From accept(2) or getsockname(2). An IPv4-mapped IPv6 address becomes IPv4.
  static Address from(const sockaddr_storage& raw);

  // "127.0.0.1" or "::1": without brackets, without zone.
  [[nodiscard]] const std::string& host() const { return host_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  // "127.0.0.1:5000" or "[::1]:5000".
  [[nodiscard]] std::string text() const;
  // For bind(2); returns the length used.
  [[nodiscard]] socklen_t toSockaddr(sockaddr_storage& out) const;

 private:
  std::string host_;
  std::uint16_t port_ = 0;
};

}  // namespace rha::net
