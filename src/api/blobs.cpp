#include <stdexcept>

#include "api/conditional.h"
#include "api/error_response.h"
#include "api/ranges.h"
#include "api/resources.h"

namespace rha::api {
namespace {

// Stands for a body that HEAD only measures, so that nothing is opened in storage.
class UnreadBody final : public base::BodySource {
 public:
  explicit UnreadBody(std::uint64_t size) : size_(size) {}
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  std::size_t read(std::span<std::byte>) override { throw std::logic_error("the body of an answer to HEAD was read"); }

 private:
  std::uint64_t size_;
};

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
  if (exchange.isHead() || ranges.size() != 1 || !ifRangeHolds(exchange.request.headers, blob.digest)) {
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

net::Response blobResponse(const Services& services, const Exchange& exchange, const registry::BlobInfo& blob,
                           const Selection& selection) {
  const bool isPart = selection.kind == Selection::Kind::Part;
  auto response = startResponse(blob, isPart ? 206 : 200);
  response.headers.add("Content-Type", "application/octet-stream");
  if (exchange.isHead()) {
    response.body = std::make_unique<UnreadBody>(blob.size);
    return response;
  }
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

}  // namespace

net::Disposition getBlob(const Services& services, const Exchange& exchange) {
  const auto blob = services.blobs.stat(exchange.repository(), *exchange.route.digest);
  if (!blob) {
    return errorResponse(blob.error());
  }
  if (!matchHolds(exchange.request.headers, blob->digest)) {
    return errorResponse({oci::ErrorCode::PreconditionFailed, {}, {}, 0});
  }
  if (noneMatchFails(exchange.request.headers, blob->digest)) {
    return startResponse(*blob, 304);
  }
  const auto selection = select(exchange, *blob);
  if (selection.kind == Selection::Kind::Unsatisfiable) {
    return unsatisfiable(*blob);
  }
  return blobResponse(services, exchange, *blob, selection);
}

net::Disposition deleteBlob(const Services& services, const Exchange& exchange) {
  const auto removed = services.blobs.remove(exchange.repository(), *exchange.route.digest);
  return removed ? net::Response(202) : errorResponse(removed.error());
}

}  // namespace rha::api
