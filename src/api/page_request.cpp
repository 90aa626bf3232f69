#include "api/page_request.h"

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

}  // namespace

base::Result<PageRequest, oci::Error> pageRequest(const Query& query, std::optional<std::uint64_t> maxEntries) {
  PageRequest page;
  page.last = query.get("last");
  const auto n = query.get("n");
  if (n.empty()) {
    return page;
  }
  page.n = base::parseUnsigned(n);
  if (!page.n) {
    return base::fail(invalid("n must be a number from 0 up, but is " + oci::quote(n), n));
  }
  if (maxEntries && *page.n > *maxEntries) {
    return base::fail(invalid("n is above this registry's maximum of " + std::to_string(*maxEntries), n));
  }
  return page;
}

}  // namespace rha::api
