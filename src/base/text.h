// Small text conversions used by several layers. Pure functions; thread-safe; failures are nullopt.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rha::base {

std::string toHex(std::string_view bytes);
// Lower- or upper-case hex to bytes; nullopt when the length is odd or a character is not hex.
std::optional<std::string> fromHex(std::string_view hex);

// RFC 4648 section 5 (URL and filename safe), without padding.
std::string toBase64Url(std::string_view bytes);
std::optional<std::string> fromBase64Url(std::string_view text);
// RFC 4648 section 4, with padding, which is required (HTTP Basic credentials, Content-MD5).
std::string toBase64(std::string_view bytes);
std::optional<std::string> fromBase64(std::string_view text);

// Decimal digits only, no sign, no blanks; nullopt on anything else or beyond 2^64-1.
std::optional<std::uint64_t> parseUnsigned(std::string_view text);

// RFC 3986 percent-decoding; nullopt for a '%' without two hex digits. '+' stays '+'.
std::optional<std::string> percentDecode(std::string_view text);
// Percent-encodes everything but RFC 3986 unreserved characters and those in `keep`.
std::string percentEncode(std::string_view text, std::string_view keep = "");

// ASCII only, locale-independent.
std::string toLower(std::string_view text);
bool equalIgnoringCase(std::string_view a, std::string_view b);
// Without leading and trailing blanks and tabs (HTTP's OWS).
std::string_view trim(std::string_view text);
// Parts between separators, empty ones included: split("a,,b", ',') = {"a", "", "b"}.
std::vector<std::string_view> split(std::string_view text, char separator);

// The candidate nearest to `word` in edit distance if it is near enough to be a typing mistake; empty otherwise.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace rha::base
