#include "api/page_request.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "oci/quote.h"

namespace rha::api {
namespace {

oci::Error invalid(std::string message, std::string_view n) {
  std::string detail;
  if (base::parseUnsigned(n)) {
    detail = R"({"n":)" + std::string(n) + "}";
  }
  return {oci::ErrorCode::PaginationNumberInvalid, std::move(message), std::move(detail), 0};
}

// nullopt if it is no number. One beyond 64 bits is as good as the largest: no list is that long.
std::optional<std::uint64_t> parseCount(std::string_view text) {
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits ? base::parseUnsigned(text).value_or(std::numeric_limits<std::uint64_t>::max())
                : std::optional<std::uint64_t>();
}

}  // namespace

base::Result<PageRequest, oci::Error> pageRequest(const Query& query, std::optional<std::uint64_t> maxEntries) {
  PageRequest page;
  page.last = query.get("last");
  const auto n = query.get("n");
  if (n.empty()) {
    return page;
  }
  page.n = parseCount(n);
  if (!page.n) {
    return base::fail(invalid("n must be a number from 0 up, but is " + oci::quote(n), n));
  }
  if (maxEntries && *page.n > *maxEntries) {
    return base::fail(invalid("n is above this registry's maximum of " + std::to_string(*maxEntries), n));
  }
  return page;
}

}  // namespace rha::api
