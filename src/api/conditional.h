// Conditional requests and caching headers: the one place that says what caches may keep (RFC 9110, section 13; RFC
// 9111).
//
// An entity tag is the digest in quotes: content never changes under one. Pure functions; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "access/decision.h"
#include "net/headers.h"
#include "oci/digest.h"

namespace rha::api {

// "\"sha256:…\"".
std::string entityTag(const oci::Digest& digest);

// Whether If-None-Match names the digest (weakly compared; also without quotes, as the old registry had it) or is "*":
// the answer is then 304.
bool noneMatchFails(const net::Headers& headers, const oci::Digest& digest);

// Whether Range counts: there is no If-Range, or it is our entity tag.
bool ifRangeHolds(const net::Headers& headers, const oci::Digest& digest);

// Values of Cache-Control.
std::string blobCacheControl();
std::string catalogCacheControl(const access::Principal& principal);

}  // namespace rha::api
