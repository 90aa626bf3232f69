// IpAddress and IpNetwork: numeric addresses and CIDR networks, as access.yaml names hosts.
//
// Values; pure; thread-safe. An IPv4-mapped IPv6 address is its IPv4 address, so that no rule is passed by writing it
// in the other form. No name is ever resolved.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rha::access {

class IpAddress final {
 public:
  // "10.192.0.5" or "2620:0:860::1": no port, no brackets, no zone.
  static std::optional<IpAddress> parse(std::string_view text);
  [[nodiscard]] bool isIpv4() const { return ipv4_; }
  // "10.192.0.5", "2620:0:860::1".
  [[nodiscard]] std::string text() const;
  // What one client cannot change at will: an IPv4 address, or the /64 of an IPv6 one. Bytes, not text.
  [[nodiscard]] std::string site() const;
  auto operator<=>(const IpAddress&) const = default;

 private:
  friend class IpNetwork;
  bool ipv4_ = false;
  std::array<std::uint8_t, 16> bytes_{};  // the first four for IPv4
};

class IpNetwork final {
 public:
  // "10.0.0.0/8", or a single address. The error is for the operator: bits beyond the prefix must be zero.
  static base::Result<IpNetwork, std::string> parse(std::string_view text);
  [[nodiscard]] bool contains(const IpAddress& address) const;
  [[nodiscard]] bool overlaps(const IpNetwork& other) const;
  [[nodiscard]] const IpAddress& address() const { return address_; }  // the first one
  [[nodiscard]] std::string text() const;
  bool operator==(const IpNetwork&) const = default;

 private:
  IpAddress address_;
  unsigned prefixBits_ = 0;
};

// Whether any of the networks contains the address.
bool containsAny(const std::vector<IpNetwork>& networks, const IpAddress& address);

}  // namespace rha::access
