#include "api/conditional.h"

#include "base/text.h"

namespace rha::api {

std::string entityTag(const oci::Digest& digest) { return '"' + digest.text() + '"'; }

bool noneMatchFails(const net::Headers& headers, const oci::Digest& digest) {
  const auto etag = entityTag(digest);
  for (const auto value : headers.all("If-None-Match")) {
    for (auto candidate : base::split(value, ',')) {
      candidate = base::trim(candidate);
      if (candidate == "*") {
        return true;
      }
      if (candidate.starts_with("W/")) {
        candidate.remove_prefix(2);
      }
      if (candidate == etag || candidate == digest.text()) {
        return true;
      }
    }
  }
  return false;
}

bool ifRangeHolds(const net::Headers& headers, const oci::Digest& digest) {
  const auto value = headers.find("If-Range");
  return !value || base::trim(*value) == entityTag(digest);
}

std::string blobCacheControl() { return "max-age=31536000"; }

std::string catalogCacheControl(const access::Principal& principal) {
  // What a named account sees may be more than others may: no shared cache may keep it.
  return principal.anonymous() ? "public,s-maxage=600,max-age=600" : "private, no-store";
}

}  // namespace rha::api
