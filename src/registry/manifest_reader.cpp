#include "registry/manifest_reader.h"

#include "oci/stated_media_type.h"
#include "registry/layout.h"

namespace rha::registry {
namespace {

constexpr std::uint64_t kMaxTypeBytes = 1024;

// What 2.8 stores without a mediaType that we could read: schema 1.
std::string fallbackType(std::string_view bytes) {
  return std::string(bytes.find("\"signatures\"") != std::string_view::npos ? oci::media_type::kDockerSchema1Signed
                                                                            : oci::media_type::kDockerSchema1);
}

std::optional<ReadManifest> interpret(std::string stored, storage::StorageDriver& driver,
                                      const oci::RepositoryName& repository, const oci::Digest& digest) {
  ReadManifest result;
  result.bytes = std::make_shared<const std::string>(std::move(stored));
  auto inferred = oci::parseManifest(*result.bytes, "");
  result.typeIsStated = inferred.ok() && inferred->mediaTypeInBody;
  const auto type =
      result.typeIsStated ? std::nullopt : driver.get(layout::manifestType(repository, digest), kMaxTypeBytes);
  if (type) {
    inferred = oci::parseManifest(*result.bytes, *type);
    result.mediaType = *type;
  } else {
    result.mediaType = inferred.ok() ? inferred->mediaType : fallbackType(*result.bytes);
  }
  if (inferred.ok()) {
    result.parsed = std::move(*inferred);
  }
  return result;
}

}  // namespace

bool needsTypeFile(std::string_view bytes, const oci::Manifest& manifest) {
  if (manifest.mediaTypeInBody) {
    return false;
  }
  const auto inferred = oci::parseManifest(bytes, "");
  return !inferred.ok() || inferred->mediaType != manifest.mediaType;
}

std::optional<ReadManifest> readForServing(storage::StorageDriver& driver, const oci::RepositoryName& repository,
                                           const oci::Digest& digest, std::uint64_t maxManifestBytes) {
  auto stored = driver.get(layout::blobData(digest), maxManifestBytes);
  if (!stored) {
    return std::nullopt;
  }
  if (auto type = oci::statedMediaType(*stored)) {
    return ReadManifest{std::move(*type), std::make_shared<const std::string>(std::move(*stored)), std::nullopt, true};
  }
  return interpret(std::move(*stored), driver, repository, digest);
}

std::optional<ReadManifest> readManifest(storage::StorageDriver& driver, const oci::RepositoryName& repository,
                                         const oci::Digest& digest, std::uint64_t maxManifestBytes) {
  auto stored = driver.get(layout::blobData(digest), maxManifestBytes);
  return stored ? interpret(std::move(*stored), driver, repository, digest) : std::nullopt;
}

}  // namespace rha::registry
