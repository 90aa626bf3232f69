// Manifest: what the registry needs to know of a manifest's JSON. The bytes themselves are stored and served untouched.
//
// Covers Docker image manifest v2 schema 2 and manifest list, OCI image manifest and index (nested, sparse), and
// documents of any other media type (artifact types of the future): those need only be a JSON object; subject,
// artifactType and annotations are taken from it, and a subject must be a descriptor.
// Pure functions and values; thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "oci/digest.h"

namespace rha::oci {

namespace media_type {
inline constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kDockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerList = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerSchema1 = "application/vnd.docker.distribution.manifest.v1+json";
inline constexpr std::string_view kDockerSchema1Signed = "application/vnd.docker.distribution.manifest.v1+prettyjws";
inline constexpr std::string_view kOciEmpty = "application/vnd.oci.empty.v1+json";

// The type without parameters, lower-cased: "a/B; charset=utf-8" -> "a/b".
std::string normalise(std::string_view contentType);
// Whether a registry may lack the blob: foreign or non-distributable layer types.
bool isNonDistributable(std::string_view type);
}  // namespace media_type

// A reference from a manifest to content (OCI image-spec, Content Descriptors).
struct Descriptor {
  std::string mediaType;
  Digest digest;
  std::uint64_t size = 0;
  bool hasUrls = false;
  bool hasData = false;
  std::string platform{};  // "os/architecture[/variant]", empty when there is none
};

enum class ManifestKind : std::uint8_t { Image, Index, Other };

struct Manifest {
  ManifestKind kind = ManifestKind::Other;
  std::string mediaType;         // what GET answers as Content-Type
  bool mediaTypeInBody = false;  // false: mediaType came from the Content-Type or from the shape
  std::optional<Descriptor> config;
  std::vector<Descriptor> layers;     // kind Image
  std::vector<Descriptor> manifests;  // kind Index
  std::optional<Descriptor> subject;
  // As the referrers API gives it: the manifest's artifactType, else the config's mediaType (image manifests only).
  std::string artifactType;
  std::map<std::string, std::string> annotations;
};

// Parses and checks the bytes of a manifest pushed with `contentType` (as received; may be empty: the type is then
// taken from the body). Depth and sizes are bounded, so that hostile input costs no more than a few times its size.
// Error: what is wrong and where in the document ("layers[2].digest: …", "line 3, column 14: …"), for the client.
base::Result<Manifest, std::string> parseManifest(std::string_view bytes, std::string_view contentType);

}  // namespace rha::oci
