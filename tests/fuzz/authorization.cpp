// The Authorization field: what is read as Basic credentials is what was sent, and the same again in its plain form.
#include "access/authenticator.h"
#include "base/text.h"
#include "require.h"

using rha::fuzz::require;

namespace {

std::string toBase64(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    const std::string_view three = text.substr(i, 3);
    unsigned bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8U | (k < three.size() ? static_cast<unsigned char>(three[k]) : 0U);
    }
    for (unsigned k = 0; k < 4; ++k) {
      out += k <= three.size() ? kAlphabet[bits >> (18 - 6 * k) & 63U] : '=';
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = rha::fuzz::asText(data, size);
  const auto credentials = rha::access::parseBasic(text);
  if (credentials) {
    require(!credentials->account.empty(), "an account has a name");
    require(credentials->account.find(':') == std::string::npos, "the account ends at the first colon");
    require(credentials->account.size() + credentials->password.size() < size, "nothing is made up");
  }
  // Any pair of account and password survives the way through the header.
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && colon != 0) {
    const auto again = rha::access::parseBasic("Basic " + toBase64(text));
    require(again && again->account == text.substr(0, colon) && again->password == text.substr(colon + 1),
            "what was sent is what is read");
  }
  return 0;
}
