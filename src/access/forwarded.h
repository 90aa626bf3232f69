// clientAddress(): which client a request comes from, proxies taken into account.
//
// Pure; thread-safe; never fails.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "access/ip_network.h"

namespace rha::access {

// The peer itself, unless it is a trusted proxy: then the last address of X-Forwarded-For that is not one (all of them
// are: the first). Nothing before that one is looked at: the client may have written it. What is no address ends the
// search at the proxy that sent it.
std::string clientAddress(std::string_view peer, const std::vector<std::string_view>& forwardedFor,
                          const std::vector<IpNetwork>& trustedProxies);

}  // namespace rha::access
