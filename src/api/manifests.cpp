#include "api/accept.h"
#include "api/conditional.h"
#include "api/error_response.h"
#include "api/memory_answers.h"
#include "api/resources.h"

namespace rha::api {
namespace {

net::Response schema1Response(const Services& services, const Exchange& exchange,
                              const registry::StoredManifest& manifest) {
  const auto converted = services.schema1.convert(exchange.repository(), *exchange.route.reference->tag(), manifest);
  if (!converted) {
    return errorResponse(converted.error());
  }
  auto response = respond(manifestAnswer(*exchange.route.reference, *converted), exchange.request);
  response.headers.add("Warning", "299 - \"schema 1 manifests are obsolete: accept " +
                                      std::string(oci::media_type::kOciManifest) + "\"");
  return response;
}

}  // namespace

net::Disposition getManifest(const Services& services, const Exchange& exchange) {
  const auto& reference = *exchange.route.reference;
  if (auto response = fromMemory(services.answers, exchange.request)) {
    return std::move(*response);
  }
  services.answers.countMiss();
  const auto manifest = services.manifests.get(exchange.repository(), reference);
  if (!manifest) {
    return errorResponse(manifest.error());
  }
  if (!matchHolds(exchange.request.headers, manifest->digest)) {
    return errorResponse({oci::ErrorCode::PreconditionFailed, {}, {}, 0});
  }
  CachedAnswer answer = manifestAnswer(reference, *manifest);
  if (services.answers.takes(answer.size)) {
    services.answers.keep(exchange.request.path, answer);
  }
  // A digest names exact bytes: only what a tag names can be converted.
  if (answer.convertible && wantsSchema1(exchange.request.headers)) {
    return schema1Response(services, exchange, *manifest);
  }
  return respond(answer, exchange.request);
}

net::Disposition deleteManifest(const Services& services, const Exchange& exchange) {
  const auto& reference = *exchange.route.reference;
  const auto condition = writeCondition(exchange.request.headers);
  const auto removed =
      reference.tag() != nullptr
          ? services.manifests.removeTag(exchange.repository(), *reference.tag(), exchange.actor(), condition)
          : services.manifests.removeManifest(exchange.repository(), *reference.digest(), exchange.actor(), condition);
  return removed ? net::Response(202) : errorResponse(removed.error());
}

}  // namespace rha::api
