#include <algorithm>

#include "api/error_response.h"
#include "api/locations.h"
#include "api/page_request.h"
#include "api/resources.h"

namespace rha::api {
namespace {

// Names read from the index at a time, for a large n: a name takes more memory than its text.
constexpr std::uint64_t kRowsPerRead = 20'000;

struct TagList {
  std::string text;      // a","b
  std::string lastName;  // the last one in it
  bool more = false;
};

// The names as one JSON text, but for the quotes at both ends. A tag needs no escaping: its alphabet has neither quotes
// nor backslashes.
constexpr std::string_view kBetween = R"(",")";

// The first `count` tags after `last`, or all of them.
TagList readTags(index::Index& index, const oci::RepositoryName& repository, const std::string& last,
                 std::optional<std::uint64_t> count) {
  TagList list;
  if (!count) {
    list.text = index.joinedTagNames(repository, last, kBetween);
    return list;
  }
  list.lastName = last;
  for (std::uint64_t left = *count; left > 0;) {
    const std::uint64_t wanted = std::min(left, kRowsPerRead);
    auto rows = index.tagNames(repository, {list.lastName, wanted + 1});
    const auto taken = std::min<std::uint64_t>(rows.size(), wanted);
    for (std::size_t i = 0; i < taken; ++i) {
      list.text += list.text.empty() ? "" : kBetween;
      list.text += rows[i];
    }
    list.more = rows.size() > wanted;
    if (!list.more) {
      break;
    }
    list.lastName = std::move(rows[taken - 1]);
    left -= taken;
  }
  return list;
}

}  // namespace

net::Disposition getTags(const Services& services, const Exchange& exchange) {
  const auto page = pageRequest(exchange.query);
  if (!page) {
    return errorResponse(page.error());
  }
  const auto& repository = exchange.repository();
  services.listGate.pass();
  if (!services.index.hasRepository(repository)) {
    return errorResponse({oci::ErrorCode::NameUnknown, {}, R"({"name":")" + repository.text() + "\"}", 0});
  }
  const auto tags = readTags(services.index, repository, page->last, page->n);
  const std::string quote = tags.text.empty() ? "" : "\"";
  net::Response response(200, R"({"name":")" + repository.text() + R"(","tags":[)" + quote + tags.text + quote + "]}\n",
                         "application/json");
  if (tags.more) {
    response.headers.add("Link", nextLink("/v2/" + repository.text() + "/tags/list",
                                          {{"last", tags.lastName}, {"n", std::to_string(*page->n)}}));
  }
  return response;
}

}  // namespace rha::api
