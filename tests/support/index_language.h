// A small language for rows of an index: names and digests from plain words, rows as text to compare.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "index/index.h"

namespace rha::index::test {

inline RepositoryName name(std::string_view text) { return RepositoryName::parse(text).value(); }
inline Tag tag(std::string_view text) { return Tag::parse(text).value(); }
// The digest of the bytes of `content`; a sha512 one if they begin with "512".
inline Digest digest(std::string_view content) {
  return Digest::of(content, content.starts_with("512") ? oci::HashAlgorithm::Sha512 : oci::HashAlgorithm::Sha256);
}
// That many seconds after some moment.
inline WallTime at(int second) { return WallTime(std::chrono::seconds(1'700'000'000 + second)); }

// A plain manifest; tests change what they are about.
inline ManifestRow manifestOf(std::string_view content, int second = 1) {
  return {.digest = digest(content),
          .mediaType = "application/vnd.oci.image.manifest.v1+json",
          .size = content.size(),
          .artifactType = "",
          .annotationsJson = "",
          .subject = std::nullopt,
          .references = {},
          .pushedAt = at(second)};
}
inline ManifestRow referrerOf(std::string_view subject, std::string_view content, std::string_view artifactType) {
  ManifestRow row = manifestOf(content);
  row.subject = digest(subject);
  row.artifactType = artifactType;
  return row;
}
inline ReferenceRow layer(std::string_view content) {
  return {ReferenceKind::Layer, digest(content), content.size(), "application/vnd.oci.image.layer.v1.tar+gzip", ""};
}

template <typename Rows, typename ToText>
std::string joined(const Rows& rows, const ToText& toText) {
  std::string text;
  for (const auto& row : rows) {
    text += (text.empty() ? "" : " ") + toText(row);
  }
  return text;
}

inline long secondOf(WallTime time) { return std::chrono::duration_cast<std::chrono::seconds>(time - at(0)).count(); }

// A manifest as one line that holds all of it.
std::string describe(const ManifestRow& row);
std::string describe(const TagRow& row);
// "3:ann=<digest> 2:bob=deleted": second, actor, digest cut to eight digits.
std::string describe(const std::vector<TagEvent>& events);
std::string describe(const std::vector<ManifestRow>& rows);
std::string describe(const RepositoryRow& row);
// The digits that describe() shows of a digest.
std::string shortDigest(const Digest& digest);

}  // namespace rha::index::test
