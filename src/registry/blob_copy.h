// copyBlob(): the data of a blob from one storage into another, for mounts between repositories that do not lie in the
// same one.
//
// Thread-safe (no state); blocking, for as long as the storages take to read and write it. Memory: one buffer, and what
// the upload of the target takes.
#pragma once

#include "oci/digest.h"
#include "oci/names.h"
#include "storage/storage_driver.h"

namespace rha::registry {

// Nothing is copied if the target has it. The bytes are hashed on their way, and nothing is published unless the digest
// matches. False if the source does not have the blob. `repository` is where it goes. Failure: StorageError; Corrupt if
// the source's bytes have another digest.
bool copyBlob(storage::StorageDriver& from, storage::StorageDriver& to, const oci::RepositoryName& repository,
              const oci::Digest& digest);

}  // namespace rha::registry
