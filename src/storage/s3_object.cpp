#include "storage/s3_object.h"

#include <algorithm>

#include "base/hasher.h"
#include "base/http_date.h"
#include "base/md5.h"
#include "base/text.h"

namespace rha::storage {
namespace {

constexpr std::size_t kMaxKeysAtOnce = 1000;
constexpr std::uint64_t kMaxPageBytes = 16U << 20U;  // a thousand keys of a kilobyte, thrice for the encoding

std::string sha256(std::string_view bytes) { return base::hashHex(base::HashAlgorithm::Sha256, bytes); }

void removeOne(S3Service& service, const std::string& key) {
  S3Call(service, {.operation = "object_delete", .method = "DELETE", .key = key}).finish();
}

// False: the storage cannot do it, or not for all of them.
bool removeTogether(S3Service& service, const std::vector<std::string>& keys) {
  const std::string text = s3DeleteBody(keys);
  const fetch::MemoryBody body(text);
  const std::string md5 = base::toBase64(base::fromHex(base::md5Hex(text)).value_or(""));
  try {
    const auto answer = S3Call(service, {.operation = "objects_delete",
                                         .method = "POST",
                                         .query = {{"delete", ""}},
                                         .headers = {{"Content-MD5", md5}, {"Content-Type", "application/xml"}},
                                         .body = &body,
                                         .bodyHash = sha256(text)})
                            .finish(kMaxPageBytes);
    const auto errors = parseS3DeleteErrors(answer.body);
    return answer.good() && errors && errors->empty();
  } catch (const StorageError& error) {
    if (error.failure() != StorageFailure::Broken) {
      throw;
    }
    return false;  // not every S3 has it
  }
}

}  // namespace

std::optional<ObjectInfo> headS3(S3Service& service, const std::string& key, std::string_view operation) {
  const auto answer = S3Call(service, {.operation = operation, .method = "HEAD", .key = key}).finish();
  if (answer.head.status == 404) {
    return std::nullopt;
  }
  const auto size = answer.head.contentLength();
  if (!answer.good() || !size) {
    throw StorageError(StorageFailure::Broken, "s3: HEAD " + service.shown(key) + ": " +
                                                   std::to_string(answer.head.status) + " without a length");
  }
  const auto modified = base::parseHttpDate(answer.head.find("Last-Modified").value_or(""));
  return ObjectInfo{*size, modified ? base::WallTime(*modified) : base::WallTime()};
}

std::string copySourceS3(const S3Service& service, const std::string& key) {
  return '/' + base::percentEncode(service.settings.bucket) + '/' + base::percentEncode(key, "/");
}

bool copyS3(S3Service& service, const std::string& from, const std::string& to) {
  const auto answer = S3Call(service, {.operation = "object_copy",
                                       .method = "PUT",
                                       .key = to,
                                       .headers = {{"x-amz-copy-source", copySourceS3(service, from)}}})
                          .finish();
  if (answer.good() && !parseS3Value(answer.body, "CopyObjectResult/ETag")) {
    throw StorageError(StorageFailure::Broken, "s3: the copy " + service.shown(to) + " was answered without a result");
  }
  return answer.good();
}

void putS3(S3Service& service, std::string_view operation, const std::string& key, const fetch::RequestBody& body,
           const std::string& sha256) {
  const auto answer = S3Call(service, {.operation = operation,
                                       .method = "PUT",
                                       .key = key,
                                       .headers = {{"Content-Type", "application/octet-stream"}},
                                       .body = &body,
                                       .bodyHash = sha256})
                          .finish();
  if (!answer.good()) {
    throw StorageError(StorageFailure::Broken, "s3: cannot put " + service.shown(key) + ": " +
                                                   std::to_string(answer.head.status) + "; is the bucket gone?");
  }
}

void removeS3(S3Service& service, const std::vector<std::string>& keys) {
  for (std::size_t at = 0; at < keys.size(); at += kMaxKeysAtOnce) {
    const auto begin = keys.begin() + static_cast<std::ptrdiff_t>(at);
    const std::vector<std::string> some(
        begin, begin + static_cast<std::ptrdiff_t>(std::min(kMaxKeysAtOnce, keys.size() - at)));
    if (some.size() > 1 && removeTogether(service, some)) {
      continue;
    }
    std::for_each(some.begin(), some.end(), [&](const std::string& key) { removeOne(service, key); });
  }
}

namespace {

// A storage that overlooks the prefix would have removeTree() remove what nobody named.
void requirePrefix(const S3Service& service, const std::vector<S3Entry>& entries, const std::string& prefix) {
  const auto other = std::find_if(entries.begin(), entries.end(),
                                  [&](const S3Entry& entry) { return !entry.key.starts_with(prefix); });
  if (other != entries.end()) {
    throw StorageError(StorageFailure::Broken, "s3: the bucket " + service.settings.bucket +
                                                   " was asked for keys below " + prefix + " and listed " +
                                                   other->key.substr(0, 200));
  }
}

}  // namespace

void listS3(S3Service& service, const std::string& prefix, S3Listing depth,
            const std::function<bool(const std::vector<S3Entry>&)>& visit) {
  std::string next;
  do {
    S3Query query{
        {"list-type", "2"}, {"encoding-type", "url"}, {"max-keys", std::to_string(kMaxKeysAtOnce)}, {"prefix", prefix}};
    if (depth == S3Listing::Folded) {
      query.emplace_back("delimiter", "/");
    }
    if (!next.empty()) {
      query.emplace_back("continuation-token", next);
    }
    const auto answer = S3Call(service, {.operation = "bucket_list", .query = std::move(query)}).finish(kMaxPageBytes);
    const auto page = answer.good() ? parseS3Page(answer.body) : std::nullopt;
    if (!page) {
      throw StorageError(StorageFailure::Broken, "s3: the bucket " + service.settings.bucket + " answered " +
                                                     std::to_string(answer.head.status) +
                                                     " and no listing: does storage.s3.endpoint name an S3?");
    }
    requirePrefix(service, page->entries, prefix);
    if (!visit(page->entries)) {
      return;
    }
    next = page->next;
  } while (!next.empty());
}

}  // namespace rha::storage
