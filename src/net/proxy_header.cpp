#include "net/proxy_header.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "base/text.h"

namespace rha::net {
namespace {

using namespace std::literals;
using State = ProxyHeader::State;

constexpr std::string_view kBinary = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::string_view kText = "PROXY "sv;
constexpr std::size_t kLongestText = 107;
constexpr std::size_t kBinaryHead = 16;
constexpr std::size_t kAddresses4 = 12;  // two addresses, two ports
constexpr std::size_t kAddresses6 = 36;

constexpr ProxyHeader kMalformed{};
constexpr ProxyHeader kIncomplete{.state = State::Incomplete};

// Whether `bytes` begins with `mark`, or may do so when more have come.
bool mayBeginWith(std::string_view bytes, std::string_view mark) {
  const std::size_t size = std::min(bytes.size(), mark.size());
  return bytes.substr(0, size) == mark.substr(0, size);
}

// `raw`: 4 or 16 bytes in network order.
Address makeAddress(std::string_view raw, std::uint16_t port) {
  sockaddr_storage storage{};
  if (raw.size() == sizeof(in_addr)) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, raw.data(), raw.size());
    std::memcpy(&storage, &in, sizeof in);
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    std::memcpy(&in.sin6_addr, raw.data(), sizeof in.sin6_addr);
    std::memcpy(&storage, &in, sizeof in);
  }
  return Address::from(storage);
}

// "0" to "65535", written in one way only.
std::optional<std::uint16_t> parsePort(std::string_view text) {
  const auto port = base::parseUnsigned(text);
  if (!port || *port > 65535 || text.size() != std::to_string(*port).size()) {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(*port);
}

// The bytes of a textual address; empty when it is none of that family.
std::string addressBytes(int family, std::string_view text) {
  std::string raw(family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr), '\0');
  return inet_pton(family, std::string(text).c_str(), raw.data()) == 1 ? raw : "";
}

ProxyHeader parseText(std::string_view bytes) {
  const std::size_t end = bytes.substr(0, kLongestText).find('\n');
  if (end == std::string_view::npos) {
    return bytes.size() < kLongestText ? kIncomplete : kMalformed;
  }
  if (bytes[end - 1] != '\r' || bytes.find('\0') < end) {
    return kMalformed;
  }
  const std::string_view line = bytes.substr(0, end - 1);
  const std::size_t size = end + 1;
  if (line == "PROXY UNKNOWN" || line.starts_with("PROXY UNKNOWN ")) {
    return {.state = State::Complete, .size = size};  // the rest of its line says nothing
  }
  const auto words = base::split(line, ' ');
  if (words.size() != 6 || (words[1] != "TCP4" && words[1] != "TCP6")) {
    return kMalformed;
  }
  const int family = words[1] == "TCP4" ? AF_INET : AF_INET6;
  const std::string source = addressBytes(family, words[2]);
  const auto port = parsePort(words[4]);
  if (source.empty() || addressBytes(family, words[3]).empty() || !port || !parsePort(words[5])) {
    return kMalformed;
  }
  return {.state = State::Complete, .size = size, .source = makeAddress(source, *port)};
}

std::uint16_t number(std::string_view two) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(two[0]) << 8U | static_cast<unsigned char>(two[1]));
}

ProxyHeader parseBinary(std::string_view bytes) {
  if (bytes.size() < kBinaryHead) {
    return kIncomplete;
  }
  const auto command = static_cast<unsigned char>(bytes[12]);
  const auto family = static_cast<unsigned char>(bytes[13]);
  const std::size_t size = kBinaryHead + number(bytes.substr(14, 2));
  if ((command != 0x20 && command != 0x21) || size > kLongestProxyHeader) {
    return kMalformed;
  }
  const bool isLocal = command == 0x20;
  const std::size_t addresses = family == 0x11 ? kAddresses4 : family == 0x21 ? kAddresses6 : 0;
  // Datagrams and Unix sockets are not how anybody gets here.
  if (!isLocal && (size < kBinaryHead + addresses || (addresses == 0 && family != 0x00))) {
    return kMalformed;
  }
  if (bytes.size() < size) {
    return kIncomplete;
  }
  ProxyHeader header{.state = State::Complete, .size = size};
  if (!isLocal && addresses > 0) {
    const std::string_view body = bytes.substr(kBinaryHead, addresses);
    const std::size_t width = (addresses - 4) / 2;
    header.source = makeAddress(body.substr(0, width), number(body.substr(2 * width, 2)));
  }
  return header;
}

}  // namespace

ProxyHeader parseProxyHeader(std::string_view bytes) {
  if (mayBeginWith(bytes, kBinary)) {
    return bytes.size() < kBinary.size() ? kIncomplete : parseBinary(bytes);
  }
  if (mayBeginWith(bytes, kText)) {
    return bytes.size() < kText.size() ? kIncomplete : parseText(bytes);
  }
  return kMalformed;
}

}  // namespace rha::net
