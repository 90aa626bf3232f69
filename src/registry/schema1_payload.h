// schema1Payload(): the unsigned part of a schema 1 manifest, out of an image's config. Part of schema1.cpp.
//
// Pure function; thread-safe. The config comes from a client: its depth and size are bounded.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "oci/manifest.h"
#include "oci/names.h"

namespace rha::registry {

// Largest config that is converted.
inline constexpr std::uint64_t kMaxSchema1ConfigBytes = 1024 * 1024;

// Indented by three blanks and ending in "\n}", as the signature's format requires. Error: why it cannot be expressed.
base::Result<std::string, std::string> schema1Payload(const oci::RepositoryName& repository, const oci::Tag& tag,
                                                      const oci::Manifest& image, std::string_view config);

}  // namespace rha::registry
