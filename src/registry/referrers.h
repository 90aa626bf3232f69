// Referrers: which manifests name a given one as their subject (OCI distribution-spec 1.1.1, "Listing Referrers").
//
// From the index, joined with what clients of old registries listed under the fallback tag "<algorithm>-<hex>".
// Thread-safe; blocking. Throws index::IndexError when the index cannot answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "index/index.h"
#include "oci/digest.h"
#include "oci/names.h"
#include "registry/manifests.h"

namespace rha::registry {

struct ReferrersPage {
  std::vector<index::ManifestRow> rows;  // by digest
  bool more = false;
};

class Referrers final {
 public:
  // Both borrowed.
  Referrers(index::Index& index, Manifests& manifests) : index_(index), manifests_(manifests) {}

  // Rows after page.last, at most page.limit; only those of `artifactType` unless it is empty.
  ReferrersPage list(const oci::RepositoryName& repository, const oci::Digest& subject, std::string_view artifactType,
                     const index::Page& page);

 private:
  index::Index& index_;
  Manifests& manifests_;
};

// "sha256-<hex>", cut to 32 and 64 characters as the specification has it.
std::string fallbackTag(const oci::Digest& subject);

}  // namespace rha::registry
