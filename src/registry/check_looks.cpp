#include "registry/check_looks.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/hasher.h"
#include "registry/layout.h"
#include "storage/storage_error.h"

namespace rha::registry {
namespace {

using oci::HashAlgorithm;

constexpr std::size_t kPiece = std::size_t{256} * 1024;
constexpr std::size_t kMostShown = 100;

// A registry need not have the bytes of a foreign layer.
bool mayBeAbsent(const oci::Descriptor& descriptor) {
  return descriptor.hasUrls || oci::media_type::isNonDistributable(descriptor.mediaType);
}

// The layers of a manifest of schema 1, which only old registries have.
void addSchema1(std::string_view bytes, std::vector<CheckedReference>& references) {
  const auto json = nlohmann::json::parse(bytes, nullptr, /*allow_exceptions=*/false);
  const auto layers = json.is_object() ? json.find("fsLayers") : json.end();
  if (!json.is_object() || layers == json.end() || !layers->is_array()) {
    return;
  }
  for (const auto& layer : *layers) {
    const auto sum = layer.is_object() ? layer.find("blobSum") : layer.end();
    const auto digest = layer.is_object() && sum != layer.end() && sum->is_string()
                            ? oci::Digest::parse(sum->get<std::string>())
                            : base::Result<oci::Digest, std::string>(base::fail(std::string()));
    if (digest.ok()) {
      references.push_back({*digest, std::nullopt, false});
    }
  }
}

std::string shown(const std::string& text) {
  return text.empty() ? "it is empty" : "it holds: " + text.substr(0, kMostShown);
}

}  // namespace

CheckLooks::CheckLooks(storage::StorageDriver& driver, std::uint64_t maxManifestBytes, Pace pace)
    : driver_(driver), maxManifestBytes_(maxManifestBytes), pace_(std::move(pace)) {}

std::optional<CheckLooks::Link> CheckLooks::readLink(const std::string& path) {
  try {
    auto text = driver_.get(path, layout::kMaxLinkBytes);
    if (!text) {
      return std::nullopt;
    }
    auto digest = layout::parseLink(*text);
    return Link{std::move(digest), std::move(*text)};
  } catch (const storage::StorageError& error) {
    if (!isCorrupt(error)) {
      throw;
    }
    return Link{std::nullopt, "more than " + std::to_string(layout::kMaxLinkBytes) + " bytes"};
  }
}

CheckLooks::Data CheckLooks::dataOf(const oci::Digest& digest) {
  try {
    const auto info = driver_.examine(layout::blobData(digest));
    if (!info) {
      return {.there = false, .size = 0, .fault = "its data are missing"};
    }
    const bool hollow = info->size == 0 && !digest.isOfNothing();
    return {true, info->size, hollow ? "its data are empty" : "", info->segments};
  } catch (const storage::StorageError& error) {
    if (!isCorrupt(error)) {
      throw;
    }
    auto* const store = driver_.segments();
    return {true, 0, error.what(), store != nullptr ? store->namedBy(layout::blobData(digest)) : ""};
  }
}

std::optional<oci::Digest> CheckLooks::hashOf(const oci::Digest& digest) {
  const auto source = driver_.open(layout::blobData(digest), std::nullopt);
  if (!source) {
    return std::nullopt;
  }
  base::Hasher hasher(digest.algorithm());
  std::vector<std::byte> piece(kPiece);
  while (const std::size_t count = source->read(piece)) {
    hasher.update(std::span(piece).first(count));
    pace_(count);
  }
  return oci::Digest::fromHex(digest.algorithm(), hasher.hex());
}

bool CheckLooks::isSound(const oci::Digest& digest) {
  const Data data = dataOf(digest);
  return data.there && data.fault.empty() && hashOf(digest) == digest;
}

std::optional<CheckFinding> CheckLooks::atTag(const oci::RepositoryName& repository, const oci::Tag& tag,
                                              HashAlgorithm algorithm) {
  const std::string path = layout::tagCurrentLink(repository, tag, algorithm);
  const auto link = readLink(path);
  CheckFinding finding{.repository = repository.text(), .tag = tag.text(), .path = path};
  if (!link) {
    bool past = false;
    driver_.list(layout::tagIndexFolder(repository, tag, algorithm), [&](const storage::ListEntry& entry) {
      const auto digest = oci::Digest::parse(std::string(oci::toString(algorithm)) + ':' + entry.name);
      past = digest.ok() && driver_.stat(layout::tagIndexLink(repository, tag, *digest)).has_value();
      return !past;
    });
    // The current link of the other tree may be what it points at.
    const auto other = algorithm == HashAlgorithm::Sha256 ? HashAlgorithm::Sha512 : HashAlgorithm::Sha256;
    if (!past || driver_.stat(layout::tagCurrentLink(repository, tag, other)) || driver_.stat(path)) {
      return std::nullopt;
    }
    finding.kind = FindingKind::TagRemains;
    return finding;
  }
  if (!link->digest || link->digest->algorithm() != algorithm) {
    finding.kind = FindingKind::BadTagLink;
    finding.detail = shown(link->text);
    return finding;
  }
  if (driver_.stat(layout::revisionLink(repository, *link->digest))) {
    return std::nullopt;
  }
  finding.kind = FindingKind::DanglingTag;
  finding.digest = *link->digest;
  const Data data = dataOf(*link->digest);
  finding.detail = data.there && data.fault.empty() ? "its bytes are stored" : data.fault;
  return finding;
}

std::optional<CheckFinding> CheckLooks::atTagIndex(const oci::RepositoryName& repository, const oci::Tag& tag,
                                                   HashAlgorithm algorithm) {
  const auto link = readLink(layout::tagCurrentLink(repository, tag, algorithm));
  if (!link || !link->digest || link->digest->algorithm() != algorithm) {
    return std::nullopt;
  }
  const std::string path = layout::tagIndexLink(repository, tag, *link->digest);
  const auto entry = readLink(path);
  if (entry && entry->digest == link->digest) {
    return std::nullopt;
  }
  return CheckFinding{.kind = FindingKind::UnindexedTag,
                      .repository = repository.text(),
                      .tag = tag.text(),
                      .digest = link->digest,
                      .path = path,
                      .detail = entry ? shown(entry->text) : ""};
}

std::optional<CheckFinding> CheckLooks::atRevision(const oci::RepositoryName& repository, const oci::Digest& digest) {
  const std::string path = layout::revisionLink(repository, digest);
  const auto link = readLink(path);
  if (!link) {
    return std::nullopt;  // what a delete leaves: an empty folder
  }
  CheckFinding finding{.repository = repository.text(), .digest = digest, .path = path};
  if (link->digest != digest) {
    finding.kind = FindingKind::BadRevisionLink;
    finding.detail = shown(link->text);
    return finding;
  }
  const Data data = dataOf(digest);
  if (data.there && data.fault.empty()) {
    return std::nullopt;
  }
  finding.kind = FindingKind::LostManifest;
  finding.detail = data.fault;
  return finding;
}

CheckedManifest CheckLooks::contentsOf(const oci::Digest& manifest) {
  CheckedManifest contents;
  auto& references = contents.references;
  std::optional<std::string> bytes;
  try {
    bytes = driver_.get(layout::blobData(manifest), maxManifestBytes_);
  } catch (const storage::StorageError& error) {
    if (!isCorrupt(error)) {
      throw;
    }
  }
  if (!bytes) {
    return contents;
  }
  const auto parsed = oci::parseManifest(*bytes, "");
  if (!parsed.ok()) {
    addSchema1(*bytes, references);
    contents.mediaType = references.empty() ? "" : oci::media_type::kDockerSchema1Signed;
    return contents;
  }
  contents.mediaType = parsed->mediaType;
  const auto add = [&](const oci::Descriptor& descriptor, bool isManifest) {
    if (!mayBeAbsent(descriptor)) {
      references.push_back({descriptor.digest, descriptor.size, isManifest});
    }
  };
  if (parsed->config && parsed->kind == oci::ManifestKind::Image) {
    add(*parsed->config, false);
  }
  for (const auto& layer : parsed->layers) {
    add(layer, false);
  }
  for (const auto& child : parsed->manifests) {
    add(child, true);
  }
  if (references.empty()) {
    addSchema1(*bytes, references);
  }
  return contents;
}

std::optional<CheckFinding> CheckLooks::atReference(const oci::RepositoryName& repository, const oci::Digest& manifest,
                                                    const CheckedReference& reference,
                                                    const std::optional<SeenBlob>& seen) {
  const oci::Digest& digest = reference.digest;
  const std::string link =
      reference.isManifest ? layout::revisionLink(repository, digest) : layout::layerLink(repository, digest);
  CheckFinding finding{.repository = repository.text(), .digest = digest, .manifest = manifest, .path = link};
  const auto found = [&](FindingKind kind, std::string detail) -> std::optional<CheckFinding> {
    finding.kind = kind;
    finding.detail = std::move(detail);
    // It was the manifest's deletion that took things away.
    return driver_.stat(layout::revisionLink(repository, manifest)) ? std::optional(finding) : std::nullopt;
  };
  const bool linked = driver_.stat(link).has_value();
  if (reference.isManifest) {
    return linked ? std::nullopt : found(FindingKind::SparseIndex, "");
  }
  Data data = seen && seen->good ? Data{.there = true, .size = seen->size} : dataOf(digest);
  if (seen && !seen->good && data.fault.empty()) {
    data.fault = "its bytes are not those of its digest";
  }
  if (!data.there || !data.fault.empty()) {
    finding.path = layout::blobData(digest);
    return found(FindingKind::IncompleteManifest, data.fault);
  }
  if (!linked) {
    return found(FindingKind::UnlinkedBlob, "");
  }
  if (!reference.size || *reference.size == data.size) {
    return std::nullopt;
  }
  finding.path = layout::blobData(digest);
  return found(FindingKind::WrongSizeStated,
               "it has " + std::to_string(data.size) + " bytes, the manifest says " + std::to_string(*reference.size));
}

std::optional<CheckFinding> CheckLooks::atLayer(const oci::RepositoryName& repository, const oci::Digest& digest,
                                                const std::optional<SeenBlob>& seen) {
  const std::string path = layout::layerLink(repository, digest);
  const auto link = readLink(path);
  if (!link) {
    return std::nullopt;
  }
  CheckFinding finding{.repository = repository.text(), .digest = digest, .path = path};
  if (link->digest != digest) {
    finding.kind = FindingKind::BadLayerLink;
    finding.detail = shown(link->text);
    return finding;
  }
  if ((seen && seen->good) || dataOf(digest).there) {
    return std::nullopt;
  }
  finding.kind = FindingKind::DanglingLayer;
  return finding;
}

std::optional<CheckFinding> CheckLooks::atBlob(const oci::Digest& digest, Depth depth, SeenBlob& seen) {
  const Data data = dataOf(digest);
  seen = {data.there && data.fault.empty(), data.size, data.segments};
  CheckFinding finding{.digest = digest, .path = layout::blobData(digest), .detail = data.fault, .bytes = data.size};
  if (!data.there) {
    return std::nullopt;
  }
  if (!seen.good) {
    const auto info = driver_.stat(finding.path);
    finding.kind = info && info->size == 0 ? FindingKind::EmptyBlob : FindingKind::DamagedBlob;
    finding.detail = finding.kind == FindingKind::EmptyBlob ? "" : data.fault;
    return finding;
  }
  if (depth == Depth::Size) {
    return std::nullopt;
  }
  const auto hash = hashOf(digest);
  if (!hash || *hash == digest) {
    return std::nullopt;
  }
  seen.good = false;
  finding.kind = FindingKind::WrongDigest;
  finding.detail = "the bytes are those of " + hash->text();
  return finding;
}

std::optional<oci::Digest> CheckLooks::onlyTarget(const oci::RepositoryName& repository, const oci::Tag& tag,
                                                  HashAlgorithm algorithm) {
  std::vector<oci::Digest> targets;
  driver_.list(layout::tagIndexFolder(repository, tag, algorithm), [&](const storage::ListEntry& entry) {
    const auto digest = oci::Digest::parse(std::string(oci::toString(algorithm)) + ':' + entry.name);
    if (digest.ok() && driver_.stat(layout::tagIndexLink(repository, tag, *digest))) {
      targets.push_back(*digest);
    }
    return targets.size() < 2;
  });
  if (targets.size() != 1 || !driver_.stat(layout::revisionLink(repository, targets.front()))) {
    return std::nullopt;
  }
  return targets.front();
}

}  // namespace rha::registry
