// Reading a manifest from storage, with the media type it was pushed as.
//
// The type is in the bytes, or follows from their shape; where neither is so, a type file was written beside the
// repository. Thread-safe (no state); blocking; storage failures throw storage::StorageError.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "oci/digest.h"
#include "oci/manifest.h"
#include "oci/names.h"
#include "storage/storage_driver.h"

namespace rha::registry {

struct ReadManifest {
  std::string mediaType;
  std::shared_ptr<const std::string> bytes;  // shared with caches and responses
  std::optional<oci::Manifest> parsed;       // nullopt: not a manifest that can be understood (schema 1 of old days)
  bool typeIsStated = false;                 // by the bytes, so that nothing but other bytes changes it
};

// As readManifest(), without `parsed`: no more is understood than what the answer to a GET needs.
std::optional<ReadManifest> readForServing(storage::StorageDriver& driver, const oci::RepositoryName& repository,
                                           const oci::Digest& digest, std::uint64_t maxManifestBytes);

// nullopt if the bytes are not there. Does not look at the revision link.
std::optional<ReadManifest> readManifest(storage::StorageDriver& driver, const oci::RepositoryName& repository,
                                         const oci::Digest& digest, std::uint64_t maxManifestBytes);

// Whether a type file is needed for the bytes to be served with manifest.mediaType.
bool needsTypeFile(std::string_view bytes, const oci::Manifest& manifest);

}  // namespace rha::registry
