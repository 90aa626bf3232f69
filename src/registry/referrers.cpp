#include "registry/referrers.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

namespace rha::registry {
namespace {

std::string text(const nlohmann::json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

// A descriptor of the fallback index as a row; nullopt if it is damaged.
std::optional<index::ManifestRow> fallbackRow(const nlohmann::json& descriptor) {
  if (!descriptor.is_object()) {
    return std::nullopt;
  }
  auto digest = oci::Digest::parse(text(descriptor, "digest"));
  const auto size = descriptor.find("size");
  if (!digest || size == descriptor.end() || !size->is_number_unsigned()) {
    return std::nullopt;
  }
  const auto annotations = descriptor.find("annotations");
  const bool annotated = annotations != descriptor.end() && annotations->is_object() && !annotations->empty();
  return index::ManifestRow{*digest,
                            text(descriptor, "mediaType"),
                            size->get<std::uint64_t>(),
                            text(descriptor, "artifactType"),
                            annotated ? annotations->dump() : std::string(),
                            std::nullopt,
                            {},
                            {}};
}

// The fallback tag's index as rows: descriptors of manifests that were pushed to a registry without the referrers API.
std::vector<index::ManifestRow> fallbackRows(Manifests& manifests, const oci::RepositoryName& repository,
                                             const oci::Digest& subject) {
  auto tag = oci::Tag::parse(fallbackTag(subject));
  if (!tag) {
    return {};
  }
  const auto stored = manifests.get(repository, oci::Reference(*tag));
  if (!stored) {
    return {};
  }
  const auto json = nlohmann::json::parse(*stored->bytes, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("manifests") || !json["manifests"].is_array()) {
    return {};
  }
  std::vector<index::ManifestRow> rows;
  for (const auto& descriptor : json["manifests"]) {
    if (auto row = fallbackRow(descriptor)) {
      rows.push_back(std::move(*row));
    }
  }
  return rows;
}

}  // namespace

std::string fallbackTag(const oci::Digest& subject) {
  return std::string(oci::toString(subject.algorithm()).substr(0, 32)) + '-' + std::string(subject.hex().substr(0, 64));
}

ReferrersPage Referrers::list(const oci::RepositoryName& repository, const oci::Digest& subject,
                              std::string_view artifactType, const index::Page& page) {
  // By digest; what the index knows wins over what a client wrote into the fallback tag.
  std::map<oci::Digest, index::ManifestRow> rows;
  const index::Page onePlus{page.last, page.limit + 1};
  for (auto& row : index_.referrers(repository, subject, artifactType, onePlus)) {
    rows.emplace(row.digest, std::move(row));
  }
  for (auto& row : fallbackRows(manifests_, repository, subject)) {
    const bool wanted = artifactType.empty() || row.artifactType == artifactType;
    if (wanted && row.digest.text() > page.last) {
      rows.emplace(row.digest, std::move(row));
    }
  }
  ReferrersPage result;
  for (auto& [digest, row] : rows) {
    if (result.rows.size() == page.limit) {
      result.more = true;
      break;
    }
    result.rows.push_back(std::move(row));
  }
  return result;
}

}  // namespace rha::registry
