#include "net/address_limiter.h"

#include <arpa/inet.h>

#include <cstring>

namespace rha::net {
namespace {

constexpr std::uint64_t kBeingTold = 16;  // connections of one address beyond its limit
// ffff:ffff::/32 are multicast addresses, which nobody connects from.
constexpr std::uint64_t kIpv4 = 0xffff'ffff'0000'0000;

std::uint64_t keyOf(const Address& peer) {
  in_addr v4{};
  if (inet_pton(AF_INET, peer.host().c_str(), &v4) == 1) {
    return kIpv4 | v4.s_addr;
  }
  in6_addr v6{};
  inet_pton(AF_INET6, peer.host().c_str(), &v6);
  std::uint64_t network = 0;
  std::memcpy(&network, &v6, sizeof network);
  return network;
}

}  // namespace

std::pair<AddressLimiter::Verdict, AddressLimiter::Slot> AddressLimiter::take(const Address& peer) {
  if (most_ == 0) {
    return {Verdict::Within, Slot()};
  }
  const std::uint64_t key = keyOf(peer);
  std::uint64_t others = 0;
  {
    auto counts = counts_.lock();
    std::uint64_t& count = (*counts)[key];
    if (count >= most_ + kBeingTold) {
      return {Verdict::FarOver, Slot()};
    }
    others = count++;
  }
  return {others < most_ ? Verdict::Within : Verdict::Over, Slot(*this, key)};
}

std::size_t AddressLimiter::addresses() { return counts_.lock()->size(); }

void AddressLimiter::giveBack(std::uint64_t key) {
  auto counts = counts_.lock();
  const auto at = counts->find(key);
  if (--at->second == 0) {
    counts->erase(at);
  }
}

}  // namespace rha::net
