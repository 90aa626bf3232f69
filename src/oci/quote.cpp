#include "oci/quote.h"

namespace rha::oci {

std::string quote(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::size_t kMaxQuoted = 200;
  std::string out = "\"";
  for (const char c : text.substr(0, kMaxQuoted)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 0xfU];
    } else {
      out += c;
    }
  }
  out += text.size() > kMaxQuoted ? "\"..." : "\"";
  return out;
}

}  // namespace rha::oci
