#include "api/accept.h"
#include "api/conditional.h"
#include "api/error_response.h"
#include "api/resources.h"

namespace rha::api {
namespace {

// 200, or 304 when the client has it. `byTag`: another request for the same URL may get another answer.
net::Response manifestResponse(const Exchange& exchange, const registry::StoredManifest& manifest, bool byTag) {
  if (!matchHolds(exchange.request.headers, manifest.digest)) {
    return errorResponse({oci::ErrorCode::PreconditionFailed, {}, {}, 0});
  }
  const bool unchanged = noneMatchFails(exchange.request.headers, manifest.digest);
  net::Response response(unchanged ? 304 : 200);
  if (!unchanged) {
    response.headers.add("Content-Type", manifest.mediaType);
    response.body = base::memorySource(manifest.bytes);
  }
  response.headers.add("Docker-Content-Digest", manifest.digest.text());
  response.headers.add("ETag", entityTag(manifest.digest));
  if (byTag) {
    response.headers.add("Vary", "Accept");
  }
  return response;
}

net::Response schema1Response(const Services& services, const Exchange& exchange,
                              const registry::StoredManifest& manifest) {
  const auto converted = services.schema1.convert(exchange.repository(), *exchange.route.reference->tag(), manifest);
  if (!converted) {
    return errorResponse(converted.error());
  }
  auto response = manifestResponse(exchange, *converted, true);
  response.headers.add("Warning", "299 - \"schema 1 manifests are obsolete: accept " +
                                      std::string(oci::media_type::kOciManifest) + "\"");
  return response;
}

}  // namespace

net::Disposition getManifest(const Services& services, const Exchange& exchange) {
  const auto& reference = *exchange.route.reference;
  const auto manifest = services.manifests.get(exchange.repository(), reference);
  if (!manifest) {
    return errorResponse(manifest.error());
  }
  const bool byTag = reference.tag() != nullptr;
  // A digest names exact bytes: only what a tag names can be converted.
  if (byTag && registry::Schema1Converter::isConvertible(manifest->mediaType) &&
      wantsSchema1(exchange.request.headers)) {
    return schema1Response(services, exchange, *manifest);
  }
  return manifestResponse(exchange, *manifest, byTag);
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
