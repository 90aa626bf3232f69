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
#include "registry/condition.h"

namespace rha::api {

// "\"sha256:…\"".
std::string entityTag(const oci::Digest& digest);

// Whether If-None-Match names the digest (weakly compared; also without quotes, as the old registry had it) or is "*":
// the answer to GET and HEAD is then 304.
bool noneMatchFails(const net::Headers& headers, const oci::Digest& digest);

// Whether there is no If-Match, or it names the digest (strongly compared), or is "*": else the answer is 412.
bool matchHolds(const net::Headers& headers, const oci::Digest& digest);

// What If-Match and If-None-Match ask of a write to a manifest (RFC 9110, 13.1), so that a client moves a tag only from
// where it saw it last, or makes it only if there is none; empty if the request has neither.
registry::Condition writeCondition(const net::Headers& headers);

// Whether Range counts: there is no If-Range, or it is our entity tag.
bool ifRangeHolds(const net::Headers& headers, const oci::Digest& digest);

// Values of Cache-Control.
std::string blobCacheControl();
std::string catalogCacheControl(const access::Principal& principal);

}  // namespace rha::api
