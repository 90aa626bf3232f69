#include "net/request_target.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace rha::net {
namespace {

using CharacterSet = std::array<bool, 256>;

constexpr CharacterSet alphanumericsAnd(std::string_view extra) {
  CharacterSet set{};
  for (std::size_t c = '0'; c <= '9'; ++c) {
    set[c] = true;
  }
  for (std::size_t c = 'a'; c <= 'z'; ++c) {
    set[c] = true;
    set[c - 'a' + 'A'] = true;
  }
  for (const char c : extra) {
    set[static_cast<unsigned char>(c)] = true;
  }
  return set;
}

constexpr CharacterSet kToken = alphanumericsAnd("!#$%&'*+-.^_`|~");
constexpr CharacterSet kRegName = alphanumericsAnd("-._~!$&'()*+,;=%");

bool allIn(std::string_view text, const CharacterSet& set) {
  return std::all_of(text.begin(), text.end(), [&set](char c) { return set[static_cast<unsigned char>(c)]; });
}

bool isPort(std::string_view text) {
  const auto port = base::parseUnsigned(text);
  return text.size() <= 5 && port && *port <= 65535;
}

// Only the shape: the address itself is nobody's business here.
bool isBracketedIp(std::string_view text) {
  if (text.size() < 4 || text.front() != '[' || text.back() != ']') {
    return false;
  }
  return text.substr(1, text.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

void split(RequestTarget& out) {
  const std::size_t question = out.target.find('?');
  out.path = out.target.substr(0, question);
  if (question != std::string::npos) {
    out.query = out.target.substr(question + 1);
  }
}

// What follows "http://".
base::Result<RequestTarget, std::string> parseAbsolute(std::string_view rest) {
  RequestTarget out;
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  if (!isAuthority(rest.substr(0, end))) {
    return base::fail(std::string("request target has no valid host"));
  }
  out.authority = std::string(rest.substr(0, end));
  rest.remove_prefix(end);
  out.target = rest.empty() || rest.front() == '?' ? "/" : "";
  out.target += rest;
  split(out);
  return out;
}

bool consumePrefix(std::string_view& text, std::string_view prefix) {
  if (text.size() < prefix.size() || !base::equalIgnoringCase(text.substr(0, prefix.size()), prefix)) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

bool isToken(std::string_view text) { return !text.empty() && allIn(text, kToken); }

bool isAuthority(std::string_view text) {
  std::string_view host = text;
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && (text.front() != '[' || colon > text.rfind(']'))) {
    host = text.substr(0, colon);
    if (!isPort(text.substr(colon + 1))) {
      return false;
    }
  }
  return isBracketedIp(host) || (!host.empty() && allIn(host, kRegName));
}

base::Result<RequestTarget, std::string> parseTarget(std::string_view method, std::string_view raw) {
  const bool plain = std::all_of(raw.begin(), raw.end(), [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
  if (raw.empty() || !plain) {
    return base::fail(std::string("request target is empty or holds an illegal character"));
  }
  if (method == "CONNECT") {
    return base::fail(std::string("CONNECT is not supported"));
  }
  RequestTarget out;
  if (raw == "*") {
    if (method != "OPTIONS") {
      return base::fail(std::string("request target '*' is for OPTIONS only"));
    }
    out.target = "*";
    out.path = "/";
    return out;
  }
  if (raw.front() == '/') {
    out.target = std::string(raw);
    split(out);
    return out;
  }
  if (consumePrefix(raw, "http://") || consumePrefix(raw, "https://")) {
    return parseAbsolute(raw);
  }
  return base::fail(std::string("request target does not begin with '/'"));
}

}  // namespace rha::net
