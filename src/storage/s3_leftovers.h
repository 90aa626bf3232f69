// What is left of publications that died (s3_publication.h): multipart uploads that were begun and never ended. They
// are nobody's objects, and are paid for. The old registry's uploads are such, too.
//
// Thread-safe as S3Service is. Failure: StorageError.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "storage/s3_call.h"

namespace rha::storage {

// Aborts those whose key begins with `prefix` and that were begun before `before`, by the storage's clock. Returns how
// many. What another process aborts or completes meanwhile is no failure.
std::uint64_t abortStaleMultiparts(S3Service& service, const std::string& prefix, base::WallTime before);

}  // namespace rha::storage
