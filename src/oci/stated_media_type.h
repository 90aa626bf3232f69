// The media type that a stored manifest's own bytes state, for serving it.
//
// Pure function; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rha::oci {

// Reads no further than the document's mediaType. Only for bytes that parseManifest() accepted when they were pushed.
// nullopt: it is not stated, or not one of the four types of image manifests and indexes; parseManifest() has to look.
std::optional<std::string> statedMediaType(std::string_view bytes);

}  // namespace rha::oci
