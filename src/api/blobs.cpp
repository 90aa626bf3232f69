#include "api/conditional.h"
#include "api/error_response.h"
#include "api/memory_answers.h"
#include "api/ranges.h"
#include "api/resources.h"

namespace rha::api {
namespace {

net::Response startResponse(const registry::BlobInfo& blob, int status) {
  net::Response response(status);
  response.headers.add("Docker-Content-Digest", blob.digest.text());
  response.headers.add("ETag", entityTag(blob.digest));
  response.headers.add("Accept-Ranges", "bytes");
  response.headers.add("Cache-Control", blobCacheControl());
  return response;
}

Selection select(const Exchange& exchange, const registry::BlobInfo& blob) {
  const auto ranges = exchange.request.headers.all("Range");
  if (ranges.size() != 1 || !ifRangeHolds(exchange.request.headers, blob.digest)) {
    return {};
  }
  return selectRange(ranges.front(), blob.size);
}

std::string contentRange(const Selection& part, std::uint64_t size) {
  return "bytes " + std::to_string(part.offset) + "-" + std::to_string(part.offset + part.length - 1) + "/" +
         std::to_string(size);
}

net::Response unsatisfiable(const registry::BlobInfo& blob) {
  auto response = startResponse(blob, 416);
  response.headers.add("Content-Range", "bytes */" + std::to_string(blob.size));
  return response;
}

net::Response blobResponse(const Services& services, const registry::BlobInfo& blob, const Selection& selection) {
  const bool isPart = selection.kind == Selection::Kind::Part;
  auto response = startResponse(blob, isPart ? 206 : 200);
  response.headers.add("Content-Type", "application/octet-stream");
  std::optional<storage::ByteRange> range;
  if (isPart) {
    range = storage::ByteRange{selection.offset, selection.length};
    response.headers.add("Content-Range", contentRange(selection, blob.size));
  }
  auto source = services.blobs.open(blob, range);
  if (!source) {
    return errorResponse(source.error());
  }
  response.body = std::move(*source);
  return response;
}

// An answer that may be kept in memory: of HEAD, or with the whole of a small blob.
net::Response wholeAnswer(const Services& services, const Exchange& exchange, const registry::BlobInfo& blob) {
  services.answers.countMiss();
  std::shared_ptr<const std::string> body;
  if (!exchange.isHead()) {
    auto source = services.blobs.open(blob, std::nullopt);
    if (!source) {
      return errorResponse(source.error());
    }
    body = std::make_shared<const std::string>(base::readAll(**source, blob.size));
  }
  CachedAnswer answer = blobAnswer(blob, std::move(body));
  services.answers.keep(exchange.request.path, answer);
  return respond(answer, exchange.request);
}

}  // namespace

net::Disposition getBlob(const Services& services, const Exchange& exchange) {
  if (auto response = fromMemory(services.answers, exchange.request)) {
    return std::move(*response);
  }
  const auto look = exchange.isHead() ? registry::Look::ToStore : registry::Look::ToRead;
  const auto blob = services.blobs.stat(exchange.repository(), *exchange.route.digest, look);
  if (!blob) {
    return errorResponse(blob.error());
  }
  if (!matchHolds(exchange.request.headers, blob->digest)) {
    return errorResponse({oci::ErrorCode::PreconditionFailed, {}, {}, 0});
  }
  if (exchange.isHead() || (services.answers.takes(blob->size) && !exchange.request.headers.has("Range"))) {
    return wholeAnswer(services, exchange, *blob);
  }
  if (noneMatchFails(exchange.request.headers, blob->digest)) {
    return startResponse(*blob, 304);
  }
  const auto selection = select(exchange, *blob);
  if (selection.kind == Selection::Kind::Unsatisfiable) {
    return unsatisfiable(*blob);
  }
  return blobResponse(services, *blob, selection);
}

net::Disposition deleteBlob(const Services& services, const Exchange& exchange) {
  const auto removed = services.blobs.remove(exchange.repository(), *exchange.route.digest);
  return removed ? net::Response(202) : errorResponse(removed.error());
}

}  // namespace rha::api
