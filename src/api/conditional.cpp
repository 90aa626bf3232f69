#include "api/conditional.h"

#include <cstdint>
#include <optional>

#include "base/text.h"

namespace rha::api {
namespace {

enum class Comparison : std::uint8_t { Weak, Strong };

// Whether a list of entity tags has that of the digest, or is "*".
bool names(const net::Headers& headers, std::string_view field, const oci::Digest& digest, Comparison comparison) {
  const auto etag = entityTag(digest);
  for (const auto value : headers.all(field)) {
    for (auto candidate : base::split(value, ',')) {
      candidate = base::trim(candidate);
      if (comparison == Comparison::Weak && candidate.starts_with("W/")) {
        candidate.remove_prefix(2);
      }
      if (candidate == "*" || candidate == etag || candidate == digest.text()) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

std::string entityTag(const oci::Digest& digest) { return '"' + digest.text() + '"'; }

bool noneMatchFails(const net::Headers& headers, const oci::Digest& digest) {
  return names(headers, "If-None-Match", digest, Comparison::Weak);
}

bool matchHolds(const net::Headers& headers, const oci::Digest& digest) {
  return !headers.has("If-Match") || names(headers, "If-Match", digest, Comparison::Strong);
}

registry::Condition writeCondition(const net::Headers& headers) {
  if (!headers.has("If-Match") && !headers.has("If-None-Match")) {
    return {};
  }
  return [&headers](const std::optional<oci::Digest>& current) {
    return current ? matchHolds(headers, *current) && !noneMatchFails(headers, *current) : !headers.has("If-Match");
  };
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
