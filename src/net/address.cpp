#include "net/address.h"

#include <arpa/inet.h>

#include <cstring>

#include "base/text.h"

namespace rha::net {
namespace {

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// "[::1]:5000" -> ("::1", "5000"); nullopt when there is no port or the brackets do not match.
std::optional<std::pair<std::string_view, std::string_view>> splitPort(std::string_view text) {
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = text.find("]:");
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    return std::pair(text.substr(1, end - 1), text.substr(end + 2));
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon != text.rfind(':')) {
    return std::nullopt;
  }
  return std::pair(text.substr(0, colon), text.substr(colon + 1));
}

}  // namespace

base::Result<Address, std::string> Address::parse(std::string_view text) {
  const auto parts = splitPort(text);
  if (!parts) {
    return base::fail(quoted(text) + " is not ADDRESS:PORT, such as 127.0.0.1:5000, [::1]:5000 or :5000");
  }
  const bool bracketed = text.front() == '[';
  const auto port = base::parseUnsigned(parts->second);
  if (!port || *port > 65535) {
    return base::fail(quoted(text) + " has no port from 0 to 65535");
  }
  Address address;
  address.port_ = static_cast<std::uint16_t>(*port);
  if (!bracketed && (parts->first.empty() || parts->first == "*")) {
    address.host_ = "::";
    return address;
  }
  address.host_ = std::string(parts->first);
  unsigned char raw[16];
  if (inet_pton(bracketed ? AF_INET6 : AF_INET, address.host_.c_str(), raw) != 1) {
    return base::fail(quoted(text) + " has no numeric IP address before the port; names are not resolved");
  }
  return address;
}

Address Address::from(const sockaddr_storage& raw) {
  Address address;
  char text[INET6_ADDRSTRLEN] = "";
  if (raw.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &raw, sizeof in);
    inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
    address.port_ = ntohs(in.sin_port);
  } else if (raw.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &raw, sizeof in);
    if (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr)) {
      inet_ntop(AF_INET, &in.sin6_addr.s6_addr[12], text, sizeof text);
    } else {
      inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
    }
    address.port_ = ntohs(in.sin6_port);
  }
  address.host_ = text;
  return address;
}

std::string Address::text() const {
  const bool v6 = host_.find(':') != std::string::npos;
  return (v6 ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_);
}

socklen_t Address::toSockaddr(sockaddr_storage& out) const {
  std::memset(&out, 0, sizeof out);
  if (host_.find(':') != std::string::npos) {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port_);
    inet_pton(AF_INET6, host_.c_str(), &in.sin6_addr);
    std::memcpy(&out, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port_);
  inet_pton(AF_INET, host_.c_str(), &in.sin_addr);
  std::memcpy(&out, &in, sizeof in);
  return sizeof in;
}

}  // namespace rha::net
