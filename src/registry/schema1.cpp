#include "registry/schema1.h"

#include <memory>

#include "base/body_source.h"
#include "base/text.h"
#include "oci/manifest.h"
#include "registry/schema1_payload.h"

namespace rha::registry {
namespace {

namespace type = oci::media_type;

constexpr std::string_view kPlatform = "linux/amd64";
constexpr std::string_view kTail = "\n}";

bool isList(std::string_view mediaType) { return mediaType == type::kOciIndex || mediaType == type::kDockerList; }

oci::Error inexpressible(const std::string& reason) {
  return {oci::ErrorCode::ManifestUnknown,
          "the image cannot be given as a schema 1 manifest: " + reason + "; accept its own type",
          {},
          0};
}

}  // namespace

bool Schema1Converter::isConvertible(std::string_view mediaType) {
  return isList(mediaType) || mediaType == type::kOciManifest || mediaType == type::kDockerManifest;
}

base::Result<oci::Manifest, std::string> Schema1Converter::findImage(const oci::RepositoryName& repository,
                                                                     const StoredManifest& manifest) const {
  auto parsed = oci::parseManifest(*manifest.bytes, manifest.mediaType);
  if (!parsed || parsed->kind == oci::ManifestKind::Image) {
    return parsed;
  }
  for (const auto& child : parsed->manifests) {
    if (child.platform != kPlatform) {
      continue;
    }
    const auto stored = manifests_.get(repository, oci::Reference(child.digest));
    auto image = stored ? oci::parseManifest(*stored->bytes, stored->mediaType)
                        : base::Result<oci::Manifest, std::string>(base::fail(std::string("its image is not here")));
    if (image && image->kind == oci::ManifestKind::Image) {
      return image;
    }
  }
  return base::fail("it has no image for " + std::string(kPlatform) + " here");
}

base::Result<std::string, std::string> Schema1Converter::readConfig(const oci::RepositoryName& repository,
                                                                    const oci::Manifest& image) const {
  if (!image.config) {
    return base::fail(std::string("it has no config"));
  }
  const auto info = blobs_.stat(repository, image.config->digest, Look::ToRead);
  if (!info || info->size > kMaxSchema1ConfigBytes) {
    return base::fail(std::string(info ? "its config is too large" : "its config is not here"));
  }
  auto source = blobs_.open(*info, std::nullopt);
  if (!source) {
    return base::fail(std::string("its config is not here"));
  }
  return base::readAll(**source, kMaxSchema1ConfigBytes);
}

// libtrust's pretty form: the payload up to its last brace, then the signature, then that brace; `protected` says where
// the payload was cut, so that a reader can put it together again and verify it.
std::string Schema1Converter::sign(const std::string& payload) const {
  const std::size_t cut = payload.size() - kTail.size();
  const std::string header =
      base::toBase64Url(R"({"formatLength":)" + std::to_string(cut) + R"(,"formatTail":")" + base::toBase64Url(kTail) +
                        R"(","time":")" + base::formatRfc3339(clock_.now()) + "\"}");
  const std::string signature = base::toBase64Url(key_.sign(header + "." + base::toBase64Url(payload)));
  return payload.substr(0, cut) +
         ",\n   \"signatures\": [\n      {\n         \"header\": {\"jwk\": " + key_.publicJwk() +
         ", \"alg\": \"ES256\"},\n         \"signature\": \"" + signature + "\",\n         \"protected\": \"" + header +
         "\"\n      }\n   ]" + std::string(kTail);
}

base::Result<StoredManifest, oci::Error> Schema1Converter::convert(const oci::RepositoryName& repository,
                                                                   const oci::Tag& tag,
                                                                   const StoredManifest& manifest) const {
  const auto image = findImage(repository, manifest);
  if (!image) {
    return base::fail(inexpressible(image.error()));
  }
  const auto config = readConfig(repository, *image);
  if (!config) {
    return base::fail(inexpressible(config.error()));
  }
  const auto payload = schema1Payload(repository, tag, *image, *config);
  if (!payload) {
    return base::fail(inexpressible(payload.error()));
  }
  return StoredManifest{oci::Digest::of(*payload), std::string(type::kDockerSchema1Signed),
                        std::make_shared<const std::string>(sign(*payload))};
}

}  // namespace rha::registry
