// RepositoryName, Tag and Reference: validated names (OCI distribution-spec 1.1.1, "Pulling manifests").
//
// Values; made only by parse(), whose error text says what is wrong and where, for the client to read (it quotes at
// most 200 bytes of the input). Deeper code takes these types and never checks a name again.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "oci/digest.h"

namespace rha::oci {

// Longest repository name. The spec asks clients for host + "/" + name <= 255; the old registry accepts 255.
inline constexpr std::size_t kMaxNameLength = 255;

// [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*
class RepositoryName final {
 public:
  static base::Result<RepositoryName, std::string> parse(std::string_view text);
  [[nodiscard]] const std::string& text() const { return text_; }
  auto operator<=>(const RepositoryName&) const = default;

 private:
  explicit RepositoryName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}
class Tag final {
 public:
  static base::Result<Tag, std::string> parse(std::string_view text);
  [[nodiscard]] const std::string& text() const { return text_; }
  auto operator<=>(const Tag&) const = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 misreads it

 private:
  explicit Tag(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// What stands after /manifests/: a tag, or a digest if there is a ':' in it.
class Reference final {
 public:
  enum class Kind : std::uint8_t { Tag, Digest };
  struct Error {
    Kind kind;  // which of the two it looked like: TAG_INVALID or DIGEST_INVALID
    std::string message;
  };
  static base::Result<Reference, Error> parse(std::string_view text);
  explicit Reference(Tag tag) : value_(std::move(tag)) {}
  explicit Reference(Digest digest) : value_(std::move(digest)) {}

  // Null when it is the other kind.
  [[nodiscard]] const Tag* tag() const { return std::get_if<Tag>(&value_); }
  [[nodiscard]] const Digest* digest() const { return std::get_if<Digest>(&value_); }
  [[nodiscard]] const std::string& text() const { return tag() ? tag()->text() : digest()->text(); }

 private:
  std::variant<Tag, Digest> value_;
};

}  // namespace rha::oci

template <>
struct std::hash<rha::oci::RepositoryName> {
  std::size_t operator()(const rha::oci::RepositoryName& name) const noexcept {
    return std::hash<std::string>{}(name.text());
  }
};
