// How values of the registry stand in the columns of the index (schema.h).
//
// Pure functions; thread-safe. The read ones throw IndexError(Corrupt) when a column holds what was never written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "index/index.h"

namespace rha::index {

// Algorithm byte and raw bytes.
std::string encodeDigest(const Digest& digest);
Digest decodeDigest(std::string_view blob);

// A bound for "digest > ?" that selects the digests whose text is greater than `text`, which is a digest, the beginning
// of one, or anything else; "" selects all.
std::string digestBound(std::string_view text);

std::int64_t encodeTime(WallTime time);
WallTime decodeTime(std::int64_t micros);

RepositoryName decodeRepository(std::string_view text);
Tag decodeTag(std::string_view text);
ReferenceKind decodeKind(std::int64_t value);

// A limit as SQLite takes it.
std::int64_t encodeLimit(std::uint64_t limit);

}  // namespace rha::index
