#include "access/forwarded.h"

#include "base/text.h"

namespace rha::access {

std::string clientAddress(std::string_view peer, const std::vector<std::string_view>& forwardedFor,
                          const std::vector<IpNetwork>& trustedProxies) {
  auto address = IpAddress::parse(peer);
  if (!address) {
    return std::string(peer);
  }
  std::vector<std::string_view> hops;
  for (const std::string_view field : forwardedFor) {
    const auto parts = base::split(field, ',');
    hops.insert(hops.end(), parts.begin(), parts.end());
  }
  for (auto hop = hops.rbegin(); hop != hops.rend() && containsAny(trustedProxies, *address); ++hop) {
    const auto before = IpAddress::parse(base::trim(*hop));
    if (!before) {
      break;
    }
    address = before;
  }
  return address->text();
}

}  // namespace rha::access
