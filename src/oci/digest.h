// Digest: a validated content digest, "sha256:<64 hex>" or "sha512:<128 hex>" (OCI image-spec, descriptor, Digests).
//
// A value: copyable, comparable, thread-safe to read. Upper-case hex, other algorithms and other lengths are refused.
#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/hasher.h"
#include "base/result.h"

namespace rha::oci {

using base::HashAlgorithm;

// "sha256" or "sha512".
std::string_view toString(HashAlgorithm algorithm);
std::optional<HashAlgorithm> parseAlgorithm(std::string_view text);

class Digest final {
 public:
  // The error says what is wrong with `text`, for the client to read; it quotes at most 200 bytes of it.
  static base::Result<Digest, std::string> parse(std::string_view text);
  // Precondition: `hex` comes from base::Hasher (right length, lower case).
  static Digest fromHex(HashAlgorithm algorithm, std::string_view hex);
  // The digest of `bytes`.
  static Digest of(std::string_view bytes, HashAlgorithm algorithm = HashAlgorithm::Sha256);

  [[nodiscard]] HashAlgorithm algorithm() const { return algorithm_; }
  [[nodiscard]] std::string_view hex() const;
  [[nodiscard]] const std::string& text() const { return text_; }
  // Whether it is that of no bytes: only then may what it names be empty.
  [[nodiscard]] bool isOfNothing() const { return *this == of("", algorithm_); }

  auto operator<=>(const Digest& other) const { return text_ <=> other.text_; }
  bool operator==(const Digest& other) const { return text_ == other.text_; }

 private:
  Digest(HashAlgorithm algorithm, std::string text) : algorithm_(algorithm), text_(std::move(text)) {}
  HashAlgorithm algorithm_;
  std::string text_;
};

}  // namespace rha::oci

template <>
struct std::hash<rha::oci::Digest> {
  std::size_t operator()(const rha::oci::Digest& digest) const noexcept {
    return std::hash<std::string>{}(digest.text());
  }
};
