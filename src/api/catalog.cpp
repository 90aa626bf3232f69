#include <utility>

#include "api/conditional.h"
#include "api/error_response.h"
#include "api/locations.h"
#include "api/page_request.h"
#include "api/resources.h"

namespace rha::api {
namespace {

std::string repositoriesJson(const std::vector<index::RepositoryRow>& rows) {
  std::string body = R"({"repositories":[)";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    // A name needs no escaping: its alphabet has neither quotes nor backslashes.
    body += i == 0 ? "\"" : ",\"";
    body += rows[i].name.text();
    body += '"';
  }
  body += "]}\n";
  return body;
}

index::Visibility visibility(const Exchange& exchange) {
  index::Visibility visibility;
  for (auto& each : exchange.policy().visibleTo(exchange.principal())) {
    visibility.rules.push_back({std::move(each.prefix), each.visible});
  }
  return visibility;
}

}  // namespace

net::Disposition getCatalog(const Services& services, const Exchange& exchange) {
  const auto page = pageRequest(exchange.query, exchange.settings.catalogMaxEntries);
  if (!page) {
    return errorResponse(page.error());
  }
  const std::uint64_t count = page->n.value_or(exchange.settings.catalogMaxEntries);
  services.listGate.pass();
  std::vector<index::RepositoryRow> rows;
  if (count > 0) {
    rows = services.index.repositories({page->last, count + 1}, visibility(exchange));
  }
  const bool more = rows.size() > count;
  if (more) {
    rows.pop_back();
  }
  net::Response response(200, repositoriesJson(rows), "application/json");
  response.headers.add("Cache-Control", catalogCacheControl(exchange.principal()));
  if (more) {
    response.headers.add("Link",
                         nextLink("/v2/_catalog", {{"last", rows.back().name.text()}, {"n", std::to_string(count)}}));
  }
  return response;
}

}  // namespace rha::api
