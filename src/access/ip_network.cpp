#include "access/ip_network.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/text.h"

namespace rha::access {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// Whether the first `bits` bits are the same.
bool samePrefix(const std::array<std::uint8_t, 16>& a, const std::array<std::uint8_t, 16>& b, unsigned bits) {
  const auto whole = static_cast<std::ptrdiff_t>(bits / 8);
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) {
    return false;
  }
  const unsigned rest = bits % 8;
  const unsigned mask = 0xffU << (8 - rest) & 0xffU;
  const auto next = static_cast<std::size_t>(whole);
  return rest == 0 || ((a.at(next) ^ b.at(next)) & mask) == 0;
}

std::array<std::uint8_t, 16> masked(std::array<std::uint8_t, 16> bytes, unsigned bits) {
  for (unsigned i = 0; i < bytes.size(); ++i) {
    const unsigned kept = bits > i * 8 ? std::min(8U, bits - i * 8) : 0;
    bytes.at(i) = static_cast<std::uint8_t>(bytes.at(i) & (0xffU << (8 - kept)));
  }
  return bytes;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  if (terminated.size() > INET6_ADDRSTRLEN || terminated.find('\0') != std::string::npos) {
    return std::nullopt;
  }
  IpAddress address;
  if (::inet_pton(AF_INET, terminated.c_str(), address.bytes_.data()) == 1) {
    address.ipv4_ = true;
    return address;
  }
  if (::inet_pton(AF_INET6, terminated.c_str(), address.bytes_.data()) != 1) {
    return std::nullopt;
  }
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes_.begin())) {
    std::copy(address.bytes_.begin() + kMappedPrefix.size(), address.bytes_.end(), address.bytes_.begin());
    std::fill(address.bytes_.begin() + 4, address.bytes_.end(), std::uint8_t{0});
    address.ipv4_ = true;
  }
  return address;
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  ::inet_ntop(ipv4_ ? AF_INET : AF_INET6, bytes_.data(), buffer.data(), buffer.size());
  return buffer.data();
}

std::string IpAddress::site() const {
  return {reinterpret_cast<const char*>(bytes_.data()), ipv4_ ? std::size_t{4} : std::size_t{8}};
}

base::Result<IpNetwork, std::string> IpNetwork::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) {
    return base::fail(std::string("is no IP address or network (10.192.0.5, 10.0.0.0/8, 2620:0:860::/46)"));
  }
  const unsigned most = address->isIpv4() ? 32 : 128;
  IpNetwork network;
  network.address_ = *address;
  network.prefixBits_ = most;
  if (slash != std::string_view::npos) {
    const auto bits = base::parseUnsigned(text.substr(slash + 1));
    const bool mapped = address->isIpv4() && text.find(':') != std::string_view::npos;
    if (!bits || *bits > most || mapped) {
      return base::fail("needs a prefix length between 0 and " + std::to_string(most) + " after the '/'" +
                        (mapped ? ", and an IPv4 network in IPv4 form" : ""));
    }
    network.prefixBits_ = static_cast<unsigned>(*bits);
  }
  network.address_.bytes_ = masked(address->bytes_, network.prefixBits_);
  if (network.address_ != *address) {
    return base::fail("has bits beyond its prefix; the network is " + network.text());
  }
  return network;
}

bool IpNetwork::contains(const IpAddress& address) const {
  return address.ipv4_ == address_.ipv4_ && samePrefix(address.bytes_, address_.bytes_, prefixBits_);
}

bool IpNetwork::overlaps(const IpNetwork& other) const {
  return other.address_.ipv4_ == address_.ipv4_ &&
         samePrefix(other.address_.bytes_, address_.bytes_, std::min(prefixBits_, other.prefixBits_));
}

std::string IpNetwork::text() const {
  const unsigned most = address_.isIpv4() ? 32 : 128;
  return address_.text() + (prefixBits_ == most ? "" : '/' + std::to_string(prefixBits_));
}

bool containsAny(const std::vector<IpNetwork>& networks, const IpAddress& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const IpNetwork& network) { return network.contains(address); });
}

}  // namespace rha::access
