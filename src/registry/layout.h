// Layout: where everything lies in storage. The picture, and the only functions that make storage paths.
//
// docker/registry/v2/                       as CNCF distribution 2.8 has it, read and written (architecture, decision
// 1)
//   blobs/sha256/<2 hex>/<64 hex>/data      blobs and manifests alike
//   repositories/<name>/
//     _layers/sha256/<hex>/link             "sha256:<hex>": the blob belongs to the repository
//     _manifests/revisions/sha256/<hex>/link     ditto for a manifest; without it the manifest is not there
//     _manifests/tags/<tag>/current/link         "sha256:<hex>": what the tag points at
//     _manifests/tags/<tag>/index/sha256/<hex>/link   every digest the tag ever pointed at
//     _uploads/<uuid>/data, startedat            an upload on its way
//
// docker/registry-ha/v1/                    what 2.8 cannot express; it never looks here
//   identity                                random; tells an index whether it belongs to this storage
//   blobs/sha512/<2 hex>/<128 hex>/data
//   repositories/<name>/                    _layers, _manifests as above, for sha512 digests and the tags on them
//     _manifests/types/<algorithm>/<hex>    media type of a manifest whose bytes do not tell
//     _uploads/<uuid>/state                 where an upload stands (local storage only)
//   journal/<writer>/<thousands>/<number>   one JSON record per change (journal.h)
//   packs/<writer>/<thousands>              a thousand old records in one object (journal_packs.h)
//   writers/<number>                        who writes a journal, on shared storage (journal_roll.h)
//
// A link file holds the digest without a newline. Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "oci/digest.h"
#include "oci/names.h"

namespace rha::registry::layout {

using oci::Digest;
using oci::RepositoryName;
using oci::Tag;

// Largest link file that is read; a longer one is damaged.
inline constexpr std::uint64_t kMaxLinkBytes = 256;

std::string blobData(const Digest& digest);
// The reverse; nullopt: something else lies there.
std::optional<Digest> blobAt(std::string_view path);
std::string layerLink(const RepositoryName& repository, const Digest& digest);
std::string revisionLink(const RepositoryName& repository, const Digest& digest);
std::string manifestType(const RepositoryName& repository, const Digest& digest);

// A tag's files lie in the tree of the algorithm of the digest it points at.
std::string tagFolder(const RepositoryName& repository, const Tag& tag, oci::HashAlgorithm algorithm);
std::string tagCurrentLink(const RepositoryName& repository, const Tag& tag, oci::HashAlgorithm algorithm);
std::string tagIndexLink(const RepositoryName& repository, const Tag& tag, const Digest& digest);

// Folders that rebuilds and checks list.
std::string repositoriesRoot(oci::HashAlgorithm algorithm);
std::string repositoryFolder(const RepositoryName& repository, oci::HashAlgorithm algorithm);
std::string revisionsFolder(const RepositoryName& repository, oci::HashAlgorithm algorithm);
std::string tagsFolder(const RepositoryName& repository, oci::HashAlgorithm algorithm);
std::string layersFolder(const RepositoryName& repository, oci::HashAlgorithm algorithm);
// Every digest that a tag ever pointed at has a folder in here.
std::string tagIndexFolder(const RepositoryName& repository, const Tag& tag, oci::HashAlgorithm algorithm);
// The blobs whose hex begins with `two` characters have folders in here.
std::string blobsFolder(oci::HashAlgorithm algorithm, std::string_view two);
std::string uploadsFolder(const RepositoryName& repository);

// Precondition: `id` passed isUploadId().
std::string uploadFolder(const RepositoryName& repository, std::string_view id);
// The repository of an upload's folder; nullopt: something else lies there.
std::optional<RepositoryName> repositoryOfUpload(std::string_view folder);
std::string uploadStartedAt(const RepositoryName& repository, std::string_view id);
std::string uploadStateFolder(const RepositoryName& repository, std::string_view id);
std::string uploadState(const RepositoryName& repository, std::string_view id);
// A version 4 UUID in lower case: what the path may hold after blobs/uploads/.
bool isUploadId(std::string_view text);

std::string identity();
// So many numbers of a sequence share a folder of records, and a pack.
constexpr std::uint64_t kJournalFolder = 1000;
std::string journalRoot();
std::string journalRecord(std::string_view writer, std::uint64_t number);
std::string journalPacks();
std::string journalPack(std::string_view writer, std::uint64_t thousand);
std::string journalRoll();
std::string journalRollEntry(std::uint64_t number);

// Contents of a link file to its digest; nullopt when damaged (surrounding white space is tolerated).
std::optional<Digest> parseLink(std::string_view contents);

}  // namespace rha::registry::layout
