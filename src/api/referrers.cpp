#include <algorithm>

#include "api/error_response.h"
#include "api/index_answer.h"
#include "api/json_text.h"
#include "api/locations.h"
#include "api/page_request.h"
#include "api/resources.h"

namespace rha::api {
namespace {

std::string descriptor(const index::ManifestRow& row) {
  std::string text = R"({"mediaType":)" + jsonString(row.mediaType) + R"(,"digest":")" + row.digest.text() +
                     R"(","size":)" + std::to_string(row.size);
  if (!row.artifactType.empty()) {
    text += R"(,"artifactType":)" + jsonString(row.artifactType);
  }
  if (!row.annotationsJson.empty() && row.annotationsJson != "{}") {
    text += R"(,"annotations":)" + row.annotationsJson;
  }
  text += '}';
  return text;
}

struct DescriptorList {
  std::string text;
  std::string lastDigest;
  bool more = false;
};

// As many rows as fit into `maxBytes`, but one at least.
DescriptorList descriptors(const registry::ReferrersPage& page, std::uint64_t maxBytes) {
  DescriptorList list;
  list.more = page.more;
  for (const auto& row : page.rows) {
    auto next = descriptor(row);
    if (!list.text.empty() && list.text.size() + next.size() > maxBytes) {
      list.more = true;
      break;
    }
    list.text += list.text.empty() ? "" : ",";
    list.text += next;
    list.lastDigest = row.digest.text();
  }
  return list;
}

std::string link(const Exchange& exchange, std::string_view artifactType, const DescriptorList& list,
                 std::uint64_t count) {
  std::vector<std::pair<std::string_view, std::string>> parameters;
  if (!artifactType.empty()) {
    parameters.emplace_back("artifactType", artifactType);
  }
  parameters.emplace_back("last", list.lastDigest);
  parameters.emplace_back("n", std::to_string(count));
  return nextLink("/v2/" + exchange.repository().text() + "/referrers/" + exchange.route.digest->text(), parameters);
}

}  // namespace

net::Disposition getReferrers(const Services& services, const Exchange& exchange) {
  const auto page = pageRequest(exchange.query);
  if (!page) {
    return errorResponse(page.error());
  }
  const auto artifactType = exchange.query.get("artifactType");
  const std::uint64_t count =
      std::min(page->n.value_or(exchange.settings.referrersPage), exchange.settings.referrersPage);
  services.listGate.pass();
  DescriptorList list;
  if (count > 0) {
    list = descriptors(
        services.referrers.list(exchange.repository(), *exchange.route.digest, artifactType, {page->last, count}),
        exchange.settings.referrersBytes);
  }
  auto response = indexAnswer(list.text);
  if (!artifactType.empty()) {
    response.headers.add("OCI-Filters-Applied", "artifactType");
  }
  if (list.more) {
    response.headers.add("Link", link(exchange, artifactType, list, count));
  }
  return response;
}

}  // namespace rha::api
