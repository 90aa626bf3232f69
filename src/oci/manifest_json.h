// The fields of a manifest's JSON that the registry looks at, picked out while parsing. Part of manifest.cpp.
//
// Pure function; thread-safe. Everything else in the document is checked for syntax and dropped, so memory is bounded
// by the fields below, whatever the document holds:
//
//   schemaVersion  mediaType  artifactType  annotations{…}
//   config, subject, layers[…], manifests[…]: mediaType digest size data urls platform{os architecture variant}
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rha::oci {

inline constexpr std::size_t kMaxManifestDepth = 64;
inline constexpr std::size_t kMaxDescriptors = 10000;  // per list; Docker stops at 127 layers
inline constexpr std::size_t kMaxAnnotations = 1000;
inline constexpr std::size_t kMaxAnnotationBytes = 4 << 20;  // keys and values together; a manifest of 4 MiB is good

// Which fields to pick: those of images and indexes too, or only those that documents of any type share
// (mediaType, artifactType, subject, annotations).
enum class ManifestFields : unsigned char { All, Shared };

struct ManifestJson {
  nlohmann::json fields;  // an object; of `urls` no more than the first entry
  // A key that Go's JSON decoder takes for one of the above though it is spelled differently, as "Layers"; empty if
  // there is none. Clients would see another document than the registry does.
  std::string lookalikeKey;
};

// Error: "line 3, column 14: …" for what is not JSON (RFC 8259, UTF-8), else the path and what is wrong there:
// duplicate keys among the fields, too much depth, too many descriptors or annotations.
base::Result<ManifestJson, std::string> readManifestJson(std::string_view bytes, ManifestFields which);

}  // namespace rha::oci
