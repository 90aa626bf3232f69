#include "oci/digest.h"

#include <algorithm>

#include "oci/quote.h"

namespace rha::oci {
namespace {

constexpr std::string_view kExpected = "expected sha256:<64 hex digits> or sha512:<128 hex digits>";

std::size_t hexLength(HashAlgorithm algorithm) { return algorithm == HashAlgorithm::Sha256 ? 64 : 128; }

bool isLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

base::Failure<std::string> invalid(std::string_view text, std::string_view what) {
  return base::fail("digest " + quote(text) + ": " + std::string(what));
}

}  // namespace

std::string_view toString(HashAlgorithm algorithm) { return algorithm == HashAlgorithm::Sha256 ? "sha256" : "sha512"; }

std::optional<HashAlgorithm> parseAlgorithm(std::string_view text) {
  if (text == "sha256") {
    return HashAlgorithm::Sha256;
  }
  if (text == "sha512") {
    return HashAlgorithm::Sha512;
  }
  return std::nullopt;
}

base::Result<Digest, std::string> Digest::parse(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return invalid(text, "it has no algorithm; " + std::string(kExpected));
  }
  const auto algorithm = parseAlgorithm(text.substr(0, colon));
  if (!algorithm) {
    return invalid(text, "unsupported algorithm; " + std::string(kExpected));
  }
  const std::string_view hex = text.substr(colon + 1);
  if (hex.size() != hexLength(*algorithm)) {
    return invalid(text, std::to_string(hex.size()) + " characters after the colon; " + std::string(kExpected));
  }
  const auto wrong = std::find_if_not(hex.begin(), hex.end(), isLowerHex);
  if (wrong != hex.end()) {
    const auto position = static_cast<std::size_t>(wrong - hex.begin()) + colon + 2;
    return invalid(text, "character " + std::to_string(position) + " is not a lower-case hex digit");
  }
  return Digest(*algorithm, std::string(text));
}

Digest Digest::fromHex(HashAlgorithm algorithm, std::string_view hex) {
  std::string text(toString(algorithm));
  text += ':';
  text += hex;
  return {algorithm, std::move(text)};
}

Digest Digest::of(std::string_view bytes, HashAlgorithm algorithm) {
  return fromHex(algorithm, base::hashHex(algorithm, bytes));
}

std::string_view Digest::hex() const { return std::string_view(text_).substr(text_.find(':') + 1); }

}  // namespace rha::oci
