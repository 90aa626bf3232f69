#include "client/registry_address.h"

#include "base/text.h"

namespace rha::client {
namespace {

bool isLoopback(std::string_view host) {
  const std::string_view name = host.substr(0, host.starts_with('[') ? host.find(']') + 1 : host.find(':'));
  return name == "localhost" || name.starts_with("127.") || name == "[::1]";
}

}  // namespace

base::Result<RegistryAddress, std::string> RegistryAddress::parse(std::string_view text) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789.-:[]";
  std::string host = base::toLower(text);
  std::string scheme;
  if (const auto mark = host.find("://"); mark != std::string::npos) {
    scheme = host.substr(0, mark);
    host.erase(0, mark + 3);
    if (scheme != "http" && scheme != "https") {
      return base::fail("\"" + std::string(text) + "\" is no registry: only http and https are spoken");
    }
  }
  if (host.ends_with('/')) {
    host.pop_back();
  }
  if (host.empty() || host.find_first_not_of(kAllowed) != std::string::npos) {
    return base::fail("\"" + std::string(text) + "\" is no registry: write HOST, HOST:PORT or a URL without a path");
  }
  if (scheme.empty()) {
    scheme = isLoopback(host) ? "http" : "https";
  }
  return RegistryAddress(scheme + "://" + host, host);
}

}  // namespace rha::client
