#include <algorithm>

#include "api/error_response.h"
#include "api/index_answer.h"
#include "api/json_text.h"
#include "api/locations.h"
#include "api/page_request.h"
#include "api/resources.h"
#include "oci/quote.h"

// GET /v2/<name>/_oci/tag-history/<tag>, as proposed for the distribution-spec's _oci extensions (pull request 606): an
// index whose descriptors are events, newest first. The drafts differ on a tag that never was; we say 404.
namespace rha::api {
namespace {

// Events of one tag that are looked through for an answer; older ones are out of reach.
constexpr std::uint64_t kEventsRead = 100'000;

struct Event {
  const index::TagEvent& manifest;  // the event that says which
  base::WallTime at;
  bool deleted = false;
};

struct HistoryRequest {
  PageRequest page;
  std::optional<base::WallTime> before;
  std::optional<base::WallTime> since;
  std::optional<oci::Digest> digest;
};

base::Result<std::optional<base::WallTime>, oci::Error> timeParameter(const Query& query, std::string_view name) {
  const auto text = query.find(name);
  if (!text) {
    return std::optional<base::WallTime>();
  }
  const auto time = base::parseRfc3339(*text);
  if (!time) {
    return base::fail(
        oci::Error{oci::ErrorCode::Unsupported,
                   std::string(name) + " must be a time such as 2026-11-23T22:06:01Z, but is " + oci::quote(*text),
                   {},
                   400});
  }
  return time;
}

base::Result<HistoryRequest, oci::Error> parseRequest(const Query& query) {
  auto page = pageRequest(query);
  if (!page) {
    return base::fail(std::move(page).error());
  }
  auto before = timeParameter(query, "before");
  if (!before) {
    return base::fail(std::move(before).error());
  }
  auto since = timeParameter(query, "since");
  if (!since) {
    return base::fail(std::move(since).error());
  }
  HistoryRequest request{std::move(*page), *before, *since, std::nullopt};
  if (const auto text = query.find("digest")) {
    auto digest = oci::Digest::parse(*text);
    if (!digest) {
      return base::fail(oci::Error{oci::ErrorCode::DigestInvalid, std::move(digest).error(), {}, 0});
    }
    request.digest = std::move(*digest);
  }
  return request;
}

bool wanted(const HistoryRequest& request, const Event& event) {
  return (!request.before || event.at < *request.before) && (!request.since || event.at > *request.since) &&
         (!request.digest || event.manifest.digest == *request.digest);
}

// The events asked for, newest first, at most `count` + 1. A deletion bears the digest that the tag had before it,
// which is that of the next older event.
std::vector<Event> select(const std::vector<index::TagEvent>& history, const HistoryRequest& request,
                          std::uint64_t count) {
  std::vector<Event> events;
  for (std::size_t i = 0; i < history.size() && events.size() <= count; ++i) {
    const bool deleted = !history[i].digest;
    if (deleted && (i + 1 == history.size() || !history[i + 1].digest)) {
      continue;  // what it deleted is not known
    }
    const Event event{history[deleted ? i + 1 : i], history[i].at, deleted};
    if (wanted(request, event)) {
      events.push_back(event);
    }
  }
  return events;
}

std::string descriptor(const Event& event) {
  // A manifest may be gone so long that its digest is all that is known of it.
  const auto& manifest = event.manifest;
  const auto mediaType = manifest.mediaType.empty() ? oci::media_type::kOciManifest : manifest.mediaType;
  return R"({"mediaType":)" + jsonString(mediaType) + R"(,"size":)" + std::to_string(manifest.size) + R"(,"digest":")" +
         manifest.digest->text() + R"(","annotations":{"org.opencontainers.distribution.tag.timestamp":")" +
         base::formatRfc3339Micros(event.at) + R"(","org.opencontainers.distribution.tag.event":")" +
         (event.deleted ? "deleted" : "created") + R"("}})";
}

std::string link(const Exchange& exchange, const HistoryRequest& request, base::WallTime last, std::uint64_t count) {
  std::vector<std::pair<std::string_view, std::string>> parameters{{"before", base::formatRfc3339Micros(last)},
                                                                   {"n", std::to_string(count)}};
  if (request.since) {
    parameters.emplace_back("since", base::formatRfc3339Micros(*request.since));
  }
  if (request.digest) {
    parameters.emplace_back("digest", request.digest->text());
  }
  return nextLink("/v2/" + exchange.repository().text() + "/_oci/tag-history/" + exchange.route.tag->text(),
                  parameters);
}

}  // namespace

net::Disposition getTagHistory(const Services& services, const Exchange& exchange) {
  const auto request = parseRequest(exchange.query);
  if (!request) {
    return errorResponse(request.error());
  }
  const auto& repository = exchange.repository();
  const std::uint64_t count =
      std::min(request->page.n.value_or(exchange.settings.historyPage), exchange.settings.historyPage);
  services.listGate.pass();
  const bool filtered = request->before || request->since || request->digest;
  // One more tells of another page, one more what the oldest of them deleted.
  const auto history = services.index.history(repository, *exchange.route.tag,
                                              filtered ? kEventsRead : std::min(count + 2, kEventsRead));
  if (history.empty()) {
    return errorResponse({oci::ErrorCode::ManifestUnknown, "there was never such a tag in this repository", {}, 0});
  }
  auto events = select(history, *request, count);
  const bool more = events.size() > count;
  if (more) {
    events.pop_back();
  }
  std::string list;
  for (const auto& event : events) {
    list += list.empty() ? "" : ",";
    list += descriptor(event);
  }
  auto response = indexAnswer(list);
  if (more && !events.empty()) {
    response.headers.add("Link", link(exchange, *request, events.back().at, count));
  }
  return response;
}

}  // namespace rha::api
