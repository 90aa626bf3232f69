// parseProxyHeader(): the header of the PROXY protocol (version 1 and 2 of HAProxy's specification), with which a proxy
// that forwards bytes says whose they are.
//
//   "PROXY TCP4 192.0.2.7 192.0.2.1 51000 443\r\n"                      version 1: at most 107 bytes
//   "\r\n\r\n\0\r\nQUIT\n" 0x21 0x11 length addresses [TLVs]             version 2: length in 2 bytes, big endian
//
// Pure; thread-safe. Strict: what is not exactly as specified is Malformed, as soon as that is certain.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "net/address.h"

namespace rha::net {

// Longer ones are refused; TLVs of known proxies take a few hundred bytes.
inline constexpr std::size_t kLongestProxyHeader = 4096;

struct ProxyHeader {
  enum class State : std::uint8_t { Incomplete, Complete, Malformed };
  State state = State::Malformed;
  std::size_t size = 0;  // of a Complete one: what follows is the client's
  // Whose the connection is; nullopt: the proxy's own (a health check), or the proxy does not know.
  std::optional<Address> source = std::nullopt;
};

// `bytes`: what has been received so far. Address::from() makes an IPv4-mapped address an IPv4 one.
ProxyHeader parseProxyHeader(std::string_view bytes);

}  // namespace rha::net
