// The secret that signs the Location of an upload in progress (registry/upload_token.h).
//
// Called once, at the start.
#pragma once

#include <filesystem>

#include "base/secret.h"

namespace rha::registryd {

// Of `secretFile` if it is not empty: the operator's, the same on all nodes of one storage; surrounding white space
// does not count, and at least 32 bytes are wanted. Otherwise of `stateFolder`/secret, which is made, mode 0600, when
// it is missing. Throws std::runtime_error naming the file and what to do.
base::Secret loadUploadSecret(const std::filesystem::path& secretFile, const std::filesystem::path& stateFolder);

}  // namespace rha::registryd
