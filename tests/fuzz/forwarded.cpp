// X-Forwarded-For: the first line of the input is the TCP peer, each further one a field. A client can make itself only
// what a trusted proxy says it is.
#include "access/forwarded.h"

#include "base/text.h"
#include "require.h"

using rha::access::IpAddress;
using rha::access::IpNetwork;
using rha::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<IpNetwork> kTrusted{IpNetwork::parse("10.0.0.0/8").value(),
                                               IpNetwork::parse("2620:0:860::/46").value()};
  const auto lines = rha::base::split(rha::fuzz::asText(data, size), '\n');
  const std::string_view peer = lines.empty() ? std::string_view() : lines.front();
  const std::vector<std::string_view> fields(lines.empty() ? lines.begin() : lines.begin() + 1, lines.end());
  const std::string client = rha::access::clientAddress(peer, fields, kTrusted);
  const auto address = IpAddress::parse(peer);
  if (!address) {
    require(client == peer, "a peer without an IP address is left alone");
    return 0;
  }
  const auto found = IpAddress::parse(client);
  require(found && found->text() == client, "an address in its plain form");
  require(rha::access::clientAddress(peer, {}, kTrusted) == address->text(), "without fields it is the peer");
  require(rha::access::clientAddress(peer, fields, {}) == address->text(), "without proxies it is the peer");
  if (!containsAny(kTrusted, *address)) {
    require(*found == *address, "who is no proxy speaks for itself only");
  }
  // What a client writes in front of what the proxies add changes nothing, once an untrusted address was reached.
  if (!containsAny(kTrusted, *found)) {
    std::vector<std::string_view> longer{"10.66.66.66, 192.0.2.66"};
    longer.insert(longer.end(), fields.begin(), fields.end());
    require(rha::access::clientAddress(peer, longer, kTrusted) == client, "the nearest untrusted address counts");
  }
  return 0;
}
