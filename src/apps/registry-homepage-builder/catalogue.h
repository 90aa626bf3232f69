// What the site shows of a registry, as plain data, and the Source it comes from.
//
//   Source ── repositories() ──> names ── read(name), several at once ──> Repository ──> pages
//
// A Source tells only of what an anonymous client may pull. Implementations: LocalSource (index and storage of this
// host), RegistrySource (any registry over HTTP).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "oci/digest.h"
#include "oci/names.h"

namespace rha::homepage {

using base::WallTime;
using oci::Digest;
using oci::RepositoryName;
using oci::Tag;

// One platform of an image; an image without an index has one.
struct PlatformImage {
  std::string platform;  // "linux/arm64/v8"; empty when it is not known
  Digest digest;
  std::uint64_t sizeBytes = 0;  // config and layers: what a pull transfers
};

enum class AttachmentKind : std::uint8_t { Signature, Sbom, Attestation, Other };

// What is attached to an image: a signature, an SBOM.
struct Attachment {
  AttachmentKind kind = AttachmentKind::Other;
  std::string artifactType;
  Digest digest;
};

// What a digest stands for; several tags may share one.
struct ImageDetails {
  Digest digest;
  std::string mediaType;
  std::vector<PlatformImage> platforms;  // as the index has them; empty for what is no image
  std::optional<WallTime> created;       // by the image's config
  std::map<std::string, std::string> labels;
  std::vector<Attachment> attachments;
};

struct TagEntry {
  Tag tag;
  std::shared_ptr<const ImageDetails> image;  // shared by the tags of one digest
  std::optional<WallTime> pushed;             // when the tag came to point there; nullopt if the source cannot tell
};

struct Repository {
  RepositoryName name;
  std::string registry;        // where it is pulled from: "registry.example.org:5000"
  std::vector<TagEntry> tags;  // in any order; empty: it is not shown
};

// Owned by the composition root. read() is called from several threads at once; repositories() once, before.
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  // Sorted, each once. Throws std::exception with a text for the operator: there is nothing to build from then.
  virtual std::vector<RepositoryName> repositories() = 0;
  // Error: what is wrong with this one, for the operator. Without tags: it is gone, or not for everybody.
  virtual base::Result<Repository, std::string> read(const RepositoryName& name) = 0;
  // Parts of the source that could not be listed, for the operator; their images are missing.
  [[nodiscard]] virtual std::vector<std::string> failures() const { return {}; }
};

// BuildKit's attestations are children of an index, for the platform unknown/unknown: nothing that runs. They are shown
// with this type, which is BuildKit's own word for them.
inline constexpr std::string_view kIndexAttestation = "attestation-manifest";
bool isAttestationPlatform(std::string_view platform);

// Whether a tag is how older tools attach a signature to a digest ("sha256-<hex>.sig"), or the list of referrers by
// the OCI fallback scheme: not a version of the image.
std::optional<Digest> attachedTo(const Tag& tag);
AttachmentKind attachmentKind(std::string_view artifactType);
AttachmentKind attachmentKindOfTag(const Tag& tag);
std::string_view toString(AttachmentKind kind);

}  // namespace rha::homepage
