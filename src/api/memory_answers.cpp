#include "api/memory_answers.h"

#include <initializer_list>
#include <stdexcept>
#include <utility>

#include "api/accept.h"
#include "api/conditional.h"
#include "api/error_response.h"
#include "registry/schema1.h"

namespace rha::api {
namespace {

// What HEAD of a blob measures and nobody reads.
class UnreadBody final : public base::BodySource {
 public:
  explicit UnreadBody(std::uint64_t size) : size_(size) {}
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  std::size_t read(std::span<std::byte>) override { throw std::logic_error("the body of an answer to HEAD was read"); }

 private:
  std::uint64_t size_;
};

// Throws std::invalid_argument for a line break: a media type comes from a file in the storage.
std::shared_ptr<const std::string> lines(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  auto text = std::make_shared<std::string>();
  for (const auto& [name, value] : fields) {
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
      throw std::invalid_argument("line break or NUL in the value of " + std::string(name));
    }
    if (!value.empty()) {
      text->append(name).append(": ").append(value).append("\r\n");
    }
  }
  return text;
}

}  // namespace

CachedAnswer manifestAnswer(const oci::Reference& reference, const registry::StoredManifest& manifest) {
  const bool byTag = reference.tag() != nullptr;
  const auto& digest = manifest.digest.text();
  const auto etag = entityTag(manifest.digest);
  // Another request for the same tag may get another form.
  const std::string_view vary = byTag ? "Accept" : "";
  return {CachedAnswer::Kind::Manifest,
          manifest.digest,
          manifest.bytes->size(),
          manifest.bytes,
          lines({{"Content-Type", manifest.mediaType},
                 {"Docker-Content-Digest", digest},
                 {"ETag", etag},
                 {"Vary", vary},
                 {kVersionField, kVersion}}),
          lines({{"Docker-Content-Digest", digest}, {"ETag", etag}, {"Vary", vary}, {kVersionField, kVersion}}),
          byTag && registry::Schema1Converter::isConvertible(manifest.mediaType),
          manifest.standing};
}

CachedAnswer blobAnswer(const registry::BlobInfo& blob, std::shared_ptr<const std::string> body) {
  const auto& digest = blob.digest.text();
  const auto etag = entityTag(blob.digest);
  const auto unchanged =
      lines({{"Docker-Content-Digest", digest}, {"ETag", etag}, {"Accept-Ranges", "bytes"}, {kVersionField, kVersion}});
  return {CachedAnswer::Kind::Blob,
          blob.digest,
          blob.size,
          std::move(body),
          std::make_shared<const std::string>("Content-Type: application/octet-stream\r\n" + *unchanged),
          unchanged,
          false,
          blob.standing};
}

bool answers(const CachedAnswer& answer, const net::Request& request) {
  if (request.method != "HEAD" && (!answer.body || request.method != "GET" ||
                                   (answer.kind == CachedAnswer::Kind::Blob && request.headers.has("Range")))) {
    return false;
  }
  if (request.headers.has("If-Match")) {
    return false;  // seldom
  }
  return !answer.convertible || !wantsSchema1(request.headers);
}

net::Response respond(const CachedAnswer& answer, const net::Request& request) {
  const bool unchanged = noneMatchFails(request.headers, answer.digest);
  net::Response response(unchanged ? 304 : 200);
  response.fieldLines = unchanged ? answer.unchangedFields : answer.fields;
  if (answer.kind == CachedAnswer::Kind::Blob) {
    response.headers.add("Cache-Control", blobCacheControl());
  }
  if (!unchanged && answer.body) {
    response.body = base::memorySource(answer.body);
  } else if (!unchanged) {
    response.body = std::make_unique<UnreadBody>(answer.size);
  }
  return response;
}

std::optional<net::Response> fromMemory(AnswerCache& cache, const net::Request& request) {
  const auto answer = cache.find(request.path);
  if (!answer || !answers(*answer, request)) {
    return std::nullopt;
  }
  cache.countHit();
  return respond(*answer, request);
}

}  // namespace rha::api
