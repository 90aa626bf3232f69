// hashTogether(): one stream's SHA-256 and two others' MD5, for an upload whose digest and whose segments' checksums
// are wanted. Each step of either waits for the one before it, so that a CPU with instructions for SHA-256 (x86) does
// all three in little more time than the two MD5s take, if they have half as many bytes each. Elsewhere the result is
// the same.
#pragma once

#include <cstddef>
#include <span>

#include "base/hasher.h"
#include "base/md5.h"

namespace rha::base {

// Adds to each stream its bytes. It is fast where the MD5s stand at the beginning of a block. Precondition: `first` and
// `second` are as many.
void hashTogether(Hasher& sha, std::span<const std::byte> bytes, Md5& one, std::span<const std::byte> first, Md5& other,
                  std::span<const std::byte> second);

}  // namespace rha::base
