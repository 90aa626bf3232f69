#include "api/buffer_sink.h"
#include "api/conditional.h"
#include "api/error_response.h"
#include "api/locations.h"
#include "api/resources.h"

namespace rha::api {
namespace {

struct PushTarget {
  oci::RepositoryName repository;
  oci::Reference reference;
  std::vector<oci::Tag> moreTags;
};

// The ?tag= parameters of a push by digest; a push by tag has none.
base::Result<std::vector<oci::Tag>, oci::Error> moreTags(const Exchange& exchange) {
  std::vector<oci::Tag> tags;
  if (exchange.route.reference->digest() == nullptr) {
    return tags;
  }
  const auto parameters = exchange.query.all("tag");
  const std::uint64_t most = exchange.settings.tagsPerPush;
  if (parameters.size() > most) {
    return base::fail(oci::Error{
        oci::ErrorCode::TagInvalid,
        std::to_string(parameters.size()) + " tags at once are too many; push at most " + std::to_string(most),
        {},
        414});
  }
  for (const auto text : parameters) {
    auto tag = oci::Tag::parse(text);
    if (!tag) {
      return base::fail(oci::Error{oci::ErrorCode::TagInvalid, std::move(tag).error(), {}, 0});
    }
    tags.push_back(std::move(*tag));
  }
  return tags;
}

net::Response conclude(const Services& services, const net::Request& request, const ApiSettings& settings,
                       const registry::Actor& actor, const PushTarget& target, const std::string& body) {
  const auto contentType = request.headers.find("Content-Type").value_or("");
  const auto pushed = services.manifests.put({target.repository, target.reference, target.moreTags, contentType, body,
                                              actor, writeCondition(request.headers)});
  if (!pushed) {
    return errorResponse(pushed.error());
  }
  net::Response response(201);
  response.headers.add("Location", manifestLocation(request, settings, target.repository, pushed->digest));
  response.headers.add("Docker-Content-Digest", pushed->digest.text());
  if (pushed->subject) {
    response.headers.add("OCI-Subject", pushed->subject->text());
  }
  for (const auto& tag : target.moreTags) {
    response.headers.add("OCI-Tag", tag.text());
  }
  return response;
}

}  // namespace

net::Disposition putManifest(const Services& services, const Exchange& exchange) {
  const std::uint64_t limit = exchange.settings.manifestBytes;
  if (exchange.request.contentLength.value_or(0) > limit) {
    return BufferSink::tooLarge("manifest", limit);
  }
  auto tags = moreTags(exchange);
  if (!tags) {
    return errorResponse(tags.error());
  }
  PushTarget target{exchange.repository(), *exchange.route.reference, std::move(*tags)};
  return std::make_unique<BufferSink>("manifest", limit, exchange.manifestBudget,
                                      [&services, &request = exchange.request, &settings = exchange.settings,
                                       actor = exchange.actor(), target = std::move(target)](const std::string& body) {
                                        return conclude(services, request, settings, actor, target, body);
                                      });
}

}  // namespace rha::api
