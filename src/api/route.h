// Route: what a request's path names. Parsed from the right, since a repository may be called like any part of a path:
//
//   /v2/command/blobs/manifests/1     manifest "1" of the repository "command/blobs"
//   /v2/tags/list/x/tags/list         tags of the repository "tags/list/x"
//
// The path is percent-decoded once and never normalised: "//", "." and ".." make a name that is no repository's, so no
// spelling reaches a repository by another name than its own.
// Pure function; thread-safe; fuzzed (tests/fuzz/route.cpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "oci/digest.h"
#include "oci/error_code.h"
#include "oci/names.h"

namespace rha::api {

enum class RouteName : std::uint8_t {
  Unknown,
  Base,                  // /v2: redirected to /v2/
  Ping,                  // /v2/
  Catalog,               // /v2/_catalog
  Tags,                  // /v2/<name>/tags/list
  Manifest,              // /v2/<name>/manifests/<reference>
  Blob,                  // /v2/<name>/blobs/<digest>
  Uploads,               // /v2/<name>/blobs/uploads/ (or without the last '/')
  Upload,                // /v2/<name>/blobs/uploads/<id>
  Referrers,             // /v2/<name>/referrers/<digest>
  Extensions,            // /v2/_oci/ext/discover
  RepositoryExtensions,  // /v2/<name>/_oci/ext/discover
  TagHistory,            // /v2/<name>/_oci/tag-history/<tag>
  Health,                // /healthz
};

// The name for log lines and metrics: "ping", "catalog", "tag-history" …
std::string_view toString(RouteName name);

struct Route {
  RouteName name = RouteName::Unknown;
  // Present with the names that have one in their path, unless the text there was not valid: see `flaw`.
  std::optional<oci::RepositoryName> repository;
  std::optional<oci::Reference> reference;  // Manifest
  std::optional<oci::Digest> digest;        // Blob, Referrers
  std::optional<oci::Tag> tag;              // TagHistory
  std::string uploadId;                     // Upload; checked for its form by registry::Uploads
  // Why the path can name nothing; what it lacks above is then missing. To be answered after the decision on the
  // repository, if there is one.
  std::optional<oci::Error> flaw;
};

// `path` as in RequestHead::path: not decoded, without the query.
Route parseRoute(std::string_view path);

}  // namespace rha::api
