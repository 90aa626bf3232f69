#include "storage/s3_publication.h"

#include <algorithm>
#include <numeric>

#include "base/body_source.h"
#include "base/hasher.h"
#include "storage/s3_object.h"
#include "storage/s3_reader.h"

namespace rha::storage {
namespace {

constexpr std::size_t kCopiesAtOnce = 8;
constexpr std::uint64_t kMaxCompleteBytes = 64 * 1024;

// One part at a time is put together in memory, for all uploads.
class MergeTurn {
 public:
  MergeTurn(SpoolBudget& merging, std::chrono::milliseconds patience) : merging_(merging) {
    if (!merging_.take(patience)) {
      throw StorageError(StorageFailure::Unavailable, "s3: small pieces of an upload could not be put together in " +
                                                          std::to_string(patience.count()) +
                                                          " ms, since others were (storage.s3.spool_bytes)");
    }
  }
  ~MergeTurn() { merging_.giveBack(1); }
  MergeTurn(const MergeTurn&) = delete;
  MergeTurn& operator=(const MergeTurn&) = delete;

 private:
  SpoolBudget& merging_;
};

}  // namespace

void S3Publication::fail(const std::string& why) const {
  throw StorageError(StorageFailure::Broken, "s3: cannot publish " + service_.shown(key_) + ": " + why);
}

S3Query S3Publication::partQuery(std::size_t index) const {
  return {{"partNumber", std::to_string(index + 1)}, {"uploadId", id_}};
}

void S3Publication::begin() {
  const auto answer = S3Call(service_, {.operation = "multipart_create",
                                        .method = "POST",
                                        .key = key_,
                                        .query = {{"uploads", ""}},
                                        .headers = {{"Content-Type", "application/octet-stream"}}})
                          .finish();
  const auto id = parseS3Value(answer.body, "InitiateMultipartUploadResult/UploadId");
  if (!answer.good() || !id || id->empty()) {
    fail("no multipart upload was begun (" + std::to_string(answer.head.status) + ")");
  }
  id_ = *id;
}

void S3Publication::startCopy(std::vector<std::unique_ptr<Copy>>& under, std::size_t index, const S3Slice& slice) {
  const S3Piece& piece = pieces_[slice.piece];
  fetch::Headers headers{{"x-amz-copy-source", copySourceS3(service_, piece.key)}};
  if (slice.length != piece.size) {
    headers.emplace_back("x-amz-copy-source-range", "bytes=" + std::to_string(slice.offset) + '-' +
                                                        std::to_string(slice.offset + slice.length - 1));
  }
  under.push_back(std::unique_ptr<Copy>(new Copy{index, S3Call(service_, {.operation = "part_copy",
                                                                          .method = "PUT",
                                                                          .key = key_,
                                                                          .query = partQuery(index),
                                                                          .headers = std::move(headers)})}));
  under.back()->call.start();
}

void S3Publication::finishCopy(Copy& copy) {
  const auto answer = copy.call.finish();
  const auto etag = parseS3Value(answer.body, "CopyPartResult/ETag");
  if (!answer.good() || !etag) {
    fail("a piece of the upload was removed meanwhile (" + std::to_string(answer.head.status) + ")");
  }
  etags_[copy.part] = *etag;
}

std::string S3Publication::gather(const S3Part& part) {
  std::string bytes;
  for (const S3Slice& slice : part.slices) {
    const auto reader =
        S3Reader::open(service_, pieces_[slice.piece].key, ByteRange{slice.offset, slice.length}, "piece_get");
    if (!reader) {
      fail("a piece of the upload was removed meanwhile");
    }
    bytes += base::readAll(*reader, kS3MaxGatheredBytes);
  }
  return bytes;
}

void S3Publication::sendGathered(std::size_t index, const S3Part& part) {
  const MergeTurn turn(merging_, service_.settings.spoolWait);
  const std::string bytes = gather(part);
  const fetch::MemoryBody body(bytes);
  const auto answer = S3Call(service_, {.operation = "part_put",
                                        .method = "PUT",
                                        .key = key_,
                                        .query = partQuery(index),
                                        .body = &body,
                                        .bodyHash = base::hashHex(base::HashAlgorithm::Sha256, bytes)})
                          .finish();
  const auto etag = answer.head.find("ETag");
  if (!answer.good() || !etag) {
    fail("a part was not stored (" + std::to_string(answer.head.status) + ")");
  }
  etags_[index] = *etag;
}

void S3Publication::sendParts() {
  const std::vector<S3Part> parts = planS3Parts(pieces_);
  if (parts.size() > kS3MaxParts) {
    fail("it has come in " + std::to_string(parts.size()) + " parts, and S3 takes " + std::to_string(kS3MaxParts) +
         ": raise storage.s3.part_bytes");
  }
  etags_.resize(parts.size());
  std::vector<std::unique_ptr<Copy>> under;  // way, the oldest first
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].copied) {
      sendGathered(i, parts[i]);
      continue;
    }
    if (under.size() == kCopiesAtOnce) {
      finishCopy(*under.front());
      under.erase(under.begin());
    }
    startCopy(under, i, parts[i].slices.front());
    std::for_each(under.begin(), under.end(), [](const auto& copy) { copy->call.advance(); });
  }
  std::for_each(under.begin(), under.end(), [this](const auto& copy) { finishCopy(*copy); });
}

void S3Publication::complete() {
  const std::string text = s3CompleteBody(etags_);
  const fetch::MemoryBody body(text);
  S3Call call(service_, {.operation = "multipart_complete",
                         .method = "POST",
                         .key = key_,
                         .query = {{"uploadId", id_}},
                         .headers = {{"Content-Type", "application/xml"}},
                         .body = &body,
                         .bodyHash = base::hashHex(base::HashAlgorithm::Sha256, text)});
  const auto answer = call.finish(kMaxCompleteBytes);
  if (!answer.good() && !call.repeated()) {  // else it may have been done by the attempt before
    fail("its parts were not put together (" + std::to_string(answer.head.status) + ' ' + answer.error.code + ")");
  }
  id_.clear();  // there is nothing to abort any more
  const std::uint64_t expected =
      std::accumulate(pieces_.begin(), pieces_.end(), std::uint64_t{0},
                      [](std::uint64_t sum, const S3Piece& piece) { return sum + piece.size; });
  const auto there = headS3(service_, key_, "object_head");
  if (!there || there->size != expected) {
    if (there && answer.good()) {
      removeS3(service_, {key_});  // we made it, and it must not pass for the blob
    }
    fail(there ? "it has " + std::to_string(there->size) + " bytes instead of " + std::to_string(expected)
               : "it is not there after its parts were put together");
  }
}

void S3Publication::publish() {
  try {
    begin();
    sendParts();
    complete();
  } catch (...) {
    abort();
    throw;
  }
}

void S3Publication::abort() noexcept {
  if (id_.empty()) {
    return;
  }
  try {
    S3Call(service_, {.operation = "multipart_abort", .method = "DELETE", .key = key_, .query = {{"uploadId", id_}}})
        .finish();
  } catch (const std::exception&) {
    return;  // left to the purge of old uploads (s3_leftovers.h)
  }
}

}  // namespace rha::storage
