#include "storage/swift_names.h"

#include <algorithm>
#include <cstdio>

#include "base/hasher.h"
#include "base/text.h"

namespace rha::storage {
namespace {

// Names have at most 1,024 bytes: of longer paths the digest stands for the path.
constexpr std::size_t kLongestPlainPath = 430;
constexpr std::string_view kData = "/data";
constexpr std::size_t kNonceBytes = 16;
// The old registry appends 32 random bytes and the SHA-1 of nothing.
constexpr std::size_t kOldRandomBytes = 52;

std::string_view withoutSlashes(std::string_view text) {
  while (text.starts_with('/')) {
    text.remove_prefix(1);
  }
  while (text.ends_with('/')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

SwiftNames::SwiftNames(std::string container, std::string_view prefix)
    : container_(std::move(container)), root_(withoutSlashes(prefix)) {
  if (!root_.empty()) {
    root_ += '/';
  }
}

std::string SwiftNames::object(std::string_view path) const { return (root_ + "files/").append(path); }

std::string SwiftNames::segmentPrefix(std::string_view uploadPath, std::string_view nonce) const {
  std::string path = "/" + std::string(uploadPath) + std::string(kData);
  if (path.size() > kLongestPlainPath) {
    path = base::hashHex(base::HashAlgorithm::Sha256, path);
  }
  const std::string hex = base::toHex(path).append(nonce);
  return root_ + "segments/" + hex.substr(0, 3) + '/' + hex.substr(3);
}

std::optional<SwiftNames::Origin> SwiftNames::originOf(std::string_view segmentPrefix) const {
  const std::string root = segmentsRoot();
  if (!segmentPrefix.starts_with(root)) {
    return std::nullopt;
  }
  std::string hex(segmentPrefix.substr(root.size()));
  if (hex.size() < 4 || hex[3] != '/') {
    return std::nullopt;
  }
  hex.erase(3, 1);
  const std::string text = base::fromHex(hex).value_or("");
  for (const std::size_t randomBytes : {kNonceBytes, kOldRandomBytes}) {
    const std::string_view path = std::string_view(text).substr(0, text.size() - std::min(randomBytes, text.size()));
    if (path.size() > kData.size() + 1 && path.front() == '/' && path.ends_with(kData)) {
      const bool ours = randomBytes == kNonceBytes;
      return Origin{std::string(path.substr(1, path.size() - 1 - kData.size())),
                    ours ? base::toHex(std::string_view(text).substr(path.size())) : ""};
    }
  }
  return std::nullopt;
}

std::string SwiftNames::encoded(std::string_view name) const {
  std::string text = base::percentEncode(container_);
  return name.empty() ? text : text + '/' + base::percentEncode(name, "/");
}

std::string segmentName(std::string_view prefix, std::uint64_t number, std::string_view session) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "/%016llu", static_cast<unsigned long long>(number));
  std::string name = std::string(prefix) + digits;
  if (!session.empty()) {
    name.append("-").append(session);
  }
  return name;
}

}  // namespace rha::storage
