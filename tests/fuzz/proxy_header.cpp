// A header ends inside the input, is found at the same place however its bytes arrive, and never says less than what
// was certain before.
#include "net/proxy_header.h"

#include "require.h"

using rha::fuzz::require;
using rha::net::parseProxyHeader;
using rha::net::ProxyHeader;
using State = ProxyHeader::State;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = rha::fuzz::asText(data, size);
  const ProxyHeader whole = parseProxyHeader(input);
  if (whole.state == State::Complete) {
    require(whole.size > 0 && whole.size <= size, "the header ends inside the input");
    require(whole.size <= rha::net::kLongestProxyHeader, "the limit holds");
    const ProxyHeader alone = parseProxyHeader(input.substr(0, whole.size));
    require(alone.state == State::Complete && alone.size == whole.size, "what follows does not matter");
    require(alone.source.has_value() == whole.source.has_value(), "for the address neither");
    require(parseProxyHeader(input.substr(0, whole.size - 1)).state == State::Incomplete, "and it does not end early");
    if (whole.source) {
      const auto again = rha::net::Address::parse(whole.source->text());
      require(again.ok() && again->text() == whole.source->text(), "the address is one");
    }
  }
  if (whole.state == State::Malformed && size > 0) {
    require(parseProxyHeader(input.substr(0, size - 1)).state != State::Complete, "what was complete stays so");
  }
  if (whole.state == State::Incomplete) {
    for (std::size_t shorter = 0; shorter < size; ++shorter) {
      require(parseProxyHeader(input.substr(0, shorter)).state == State::Incomplete, "no part of it was refused");
    }
  }
  return 0;
}
