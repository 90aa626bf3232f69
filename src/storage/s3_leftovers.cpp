#include "storage/s3_leftovers.h"

#include <algorithm>
#include <utility>

namespace rha::storage {
namespace {

constexpr std::uint64_t kMaxPageBytes = 16U << 20U;  // a thousand keys of a kilobyte, thrice for the encoding

// A page of what begins with `prefix`, after `from`.
S3MultipartPage listPage(S3Service& service, const std::string& prefix, const S3MultipartPage& from) {
  S3Query query{{"uploads", ""}, {"encoding-type", "url"}, {"max-uploads", "1000"}, {"prefix", prefix}};
  if (!from.nextKey.empty()) {
    query.emplace_back("key-marker", from.nextKey);
    query.emplace_back("upload-id-marker", from.nextId);
  }
  const auto answer = S3Call(service, {.operation = "multipart_list", .query = std::move(query)}).finish(kMaxPageBytes);
  auto page = answer.good() ? parseS3Multiparts(answer.body) : std::nullopt;
  if (!page) {
    throw StorageError(StorageFailure::Broken, "s3: the bucket " + service.settings.bucket + " answered " +
                                                   std::to_string(answer.head.status) +
                                                   " and no list of multipart uploads");
  }
  return std::move(*page);
}

// False: somebody else has ended it.
bool abortOne(S3Service& service, const S3Multipart& upload) {
  return S3Call(service, {.operation = "multipart_abort",
                          .method = "DELETE",
                          .key = upload.key,
                          .query = {{"uploadId", upload.id}}})
      .finish()
      .good();
}

}  // namespace

std::uint64_t abortStaleMultiparts(S3Service& service, const std::string& prefix, base::WallTime before) {
  std::uint64_t count = 0;
  S3MultipartPage page;
  do {
    page = listPage(service, prefix, page);
    for (const S3Multipart& upload : page.uploads) {
      const bool ours = upload.key.starts_with(prefix);
      if (ours && upload.begun && *upload.begun < before && abortOne(service, upload)) {
        ++count;
      }
    }
  } while (!page.nextKey.empty());
  return count;
}

}  // namespace rha::storage
