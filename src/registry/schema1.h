// Schema1Converter: an image as a signed Docker schema 1 manifest, for old tools that sort tags by
// history[0].v1Compatibility. Made on request from an image manifest and its config; nothing of it is stored.
//
//   {schemaVersion: 1, name, tag, architecture,
//    fsLayers: [{blobSum}…], history: [{v1Compatibility: "JSON of one layer"}…],     both newest first
//    signatures: [{header: {jwk, alg}, signature, protected}]}
//
// Thread-safe; blocking (reads storage). Storage failures throw storage::StorageError.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "oci/error_code.h"
#include "oci/names.h"
#include "registry/blobs.h"
#include "registry/jws_key.h"
#include "registry/manifests.h"

namespace rha::registry {

class Schema1Converter final {
 public:
  // All borrowed but the key.
  Schema1Converter(Blobs& blobs, Manifests& manifests, const base::Clock& clock, JwsKey key)
      : blobs_(blobs), manifests_(manifests), clock_(clock), key_(std::move(key)) {}

  // Whether manifests of that type can be converted: images, and lists of them (the linux/amd64 one is taken).
  static bool isConvertible(std::string_view mediaType);

  // The digest of the result is that of the signed part, as clients of schema 1 compute it. MANIFEST_UNKNOWN, with the
  // reason, if the image cannot be expressed: no linux/amd64 child, no image config, no history.
  base::Result<StoredManifest, oci::Error> convert(const oci::RepositoryName& repository, const oci::Tag& tag,
                                                   const StoredManifest& manifest) const;

 private:
  base::Result<oci::Manifest, std::string> findImage(const oci::RepositoryName& repository,
                                                     const StoredManifest& manifest) const;
  base::Result<std::string, std::string> readConfig(const oci::RepositoryName& repository,
                                                    const oci::Manifest& image) const;
  [[nodiscard]] std::string sign(const std::string& payload) const;

  Blobs& blobs_;
  Manifests& manifests_;
  const base::Clock& clock_;
  JwsKey key_;
};

}  // namespace rha::registry
