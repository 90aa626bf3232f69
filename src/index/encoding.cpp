#include "index/encoding.h"

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace rha::index {
namespace {

using base::HashAlgorithm;

constexpr char kSha256 = 1;
constexpr char kSha512 = 2;
constexpr std::string_view kSha256Prefix = "sha256:";
constexpr std::string_view kSha512Prefix = "sha512:";
constexpr std::size_t kLongest = 65;

[[noreturn]] void damaged(std::string_view what, std::string_view value) {
  throw IndexError(
      "index: damaged " + std::string(what) + " '" + base::toHex(value.substr(0, 80)) + "' (hex); it has to be rebuilt",
      IndexFailure::Corrupt);
}

bool isHexDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// Algorithm byte and the bytes of `hex`, which may end early or go wrong anywhere. A shorter blob sorts before all that
// begin with it, so the beginning of a digest is a bound by itself.
std::string boundWithin(char algorithm, std::string_view hex) {
  const auto* const wrong = std::find_if_not(hex.begin(), hex.end(), isHexDigit);
  std::string digits(hex.begin(), wrong);
  const bool beyond = wrong != hex.end() && *wrong > 'f';
  const bool beforeLetters = wrong != hex.end() && *wrong > '9' && *wrong < 'a';
  if (beyond) {
    digits.append(2 * kLongest, 'f');
  } else if (beforeLetters) {
    digits += 'a';
  }
  if (digits.size() % 2 != 0) {
    digits += '0';
  }
  return algorithm + base::fromHex(digits).value_or("");
}

}  // namespace

std::string encodeDigest(const Digest& digest) {
  const char algorithm = digest.algorithm() == HashAlgorithm::Sha256 ? kSha256 : kSha512;
  return algorithm + base::fromHex(digest.hex()).value();
}

Digest decodeDigest(std::string_view blob) {
  if (blob.size() == 33 && blob.front() == kSha256) {
    return Digest::fromHex(HashAlgorithm::Sha256, base::toHex(blob.substr(1)));
  }
  if (blob.size() == 65 && blob.front() == kSha512) {
    return Digest::fromHex(HashAlgorithm::Sha512, base::toHex(blob.substr(1)));
  }
  damaged("digest", blob);
}

std::string digestBound(std::string_view text) {
  if (text.starts_with(kSha256Prefix)) {
    return boundWithin(kSha256, text.substr(kSha256Prefix.size()));
  }
  if (text.starts_with(kSha512Prefix)) {
    return boundWithin(kSha512, text.substr(kSha512Prefix.size()));
  }
  if (text < kSha256Prefix) {
    return "";
  }
  return std::string(1, text < kSha512Prefix ? kSha512 : static_cast<char>(kSha512 + 1));
}

std::int64_t encodeTime(WallTime time) { return time.time_since_epoch().count(); }

WallTime decodeTime(std::int64_t micros) { return WallTime(std::chrono::microseconds(micros)); }

RepositoryName decodeRepository(std::string_view text) {
  auto name = RepositoryName::parse(text);
  if (!name) {
    damaged("repository name", text);
  }
  return std::move(*name);
}

Tag decodeTag(std::string_view text) {
  auto tag = Tag::parse(text);
  if (!tag) {
    damaged("tag", text);
  }
  return std::move(*tag);
}

ReferenceKind decodeKind(std::int64_t value) {
  if (value < 0 || value > static_cast<std::int64_t>(ReferenceKind::Subject)) {
    damaged("reference kind", std::to_string(value));
  }
  return static_cast<ReferenceKind>(value);
}

std::int64_t encodeLimit(std::uint64_t limit) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(limit, kMost));
}

}  // namespace rha::index
