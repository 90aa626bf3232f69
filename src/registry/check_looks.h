// CheckLooks: each function looks at one thing in storage, and says what is wrong with it, if anything. Decided from
// direct reads alone, never from a listing, so that a look may be repeated until the answer counts.
//
// Reads only. One thread; blocking. Storage failures throw storage::StorageError; reading may be broken off by the
// pace's exception.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "index/check_ledger.h"
#include "oci/digest.h"
#include "oci/manifest.h"
#include "oci/names.h"
#include "registry/check_finding.h"
#include "storage/storage_driver.h"

namespace rha::registry {

// A reference of a manifest to what must be in storage, too.
struct CheckedReference {
  oci::Digest digest;
  std::optional<std::uint64_t> size;  // that the manifest states
  bool isManifest = false;
};

struct CheckedManifest {
  std::string mediaType;  // "": of no form that we know
  std::vector<CheckedReference> references;
};

class CheckLooks final {
 public:
  // Called after each piece of a blob that was read, with its bytes: waits as long as the pace asks for, or throws.
  using Pace = std::function<void(std::uint64_t bytes)>;
  using SeenBlob = index::CheckLedger::SeenBlob;

  // `driver` is borrowed.
  CheckLooks(storage::StorageDriver& driver, std::uint64_t maxManifestBytes, Pace pace);

  // A tag's current link, and whether its manifest is in the repository.
  std::optional<CheckFinding> atTag(const oci::RepositoryName& repository, const oci::Tag& tag,
                                    oci::HashAlgorithm algorithm);
  // Whether what the tag points at is among what it ever pointed at.
  std::optional<CheckFinding> atTagIndex(const oci::RepositoryName& repository, const oci::Tag& tag,
                                         oci::HashAlgorithm algorithm);
  // A manifest's link and bytes.
  std::optional<CheckFinding> atRevision(const oci::RepositoryName& repository, const oci::Digest& digest);
  // What a manifest refers to; none if it is gone, or of a form that refers to nothing we know.
  CheckedManifest contentsOf(const oci::Digest& manifest);
  // Whether that is there. What was `seen` of the data a moment ago is taken for what they are, where it was good or
  // its bytes were wrong; size and stated size may differ only if the bytes were read and right.
  std::optional<CheckFinding> atReference(const oci::RepositoryName& repository, const oci::Digest& manifest,
                                          const CheckedReference& reference, const std::optional<SeenBlob>& seen = {});
  // A blob's link.
  std::optional<CheckFinding> atLayer(const oci::RepositoryName& repository, const oci::Digest& digest,
                                      const std::optional<SeenBlob>& seen = {});

  enum class Depth : std::uint8_t { Size, Bytes };
  // A blob's data, for themselves; nothing if they are not there. Fills `seen`.
  std::optional<CheckFinding> atBlob(const oci::Digest& digest, Depth depth, SeenBlob& seen);

  // Whether the data are there, whole, and those of the digest. Reads all of them.
  bool isSound(const oci::Digest& digest);
  // Where a tag whose current link is damaged pointed, if there is only one thing that it can be.
  std::optional<oci::Digest> onlyTarget(const oci::RepositoryName& repository, const oci::Tag& tag,
                                        oci::HashAlgorithm algorithm);

 private:
  struct Data {
    bool there = false;
    std::uint64_t size = 0;
    std::string fault{};     // why they are no good; empty: as far as this look can tell, they are
    std::string segments{};  // the group that has them
  };
  Data dataOf(const oci::Digest& digest);
  // nullopt: gone meanwhile.
  std::optional<oci::Digest> hashOf(const oci::Digest& digest);
  // nullopt: not there. Else what it holds, or nothing that could be a digest.
  struct Link {
    std::optional<oci::Digest> digest;
    std::string text;
  };
  std::optional<Link> readLink(const std::string& path);

  storage::StorageDriver& driver_;
  std::uint64_t maxManifestBytes_;
  Pace pace_;
};

}  // namespace rha::registry
