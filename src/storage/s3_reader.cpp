#include "storage/s3_reader.h"

#include <algorithm>

#include "base/text.h"

namespace rha::storage {
namespace {

std::string rangeHeader(ByteRange range) {
  return "bytes=" + std::to_string(range.offset) + '-' + std::to_string(range.offset + range.length - 1);
}

// "bytes 5-9/1000" begins at 5.
std::optional<std::uint64_t> beginOf(std::string_view contentRange) {
  constexpr std::string_view kUnit = "bytes ";
  if (!contentRange.starts_with(kUnit)) {
    return std::nullopt;
  }
  contentRange.remove_prefix(kUnit.size());
  return base::parseUnsigned(contentRange.substr(0, contentRange.find('-')));
}

}  // namespace

void S3Reader::failCorrupt(const std::string& why) const {
  throw StorageError(StorageFailure::Corrupt, "s3: " + service_.shown(key_) + ": " + why);
}

std::unique_ptr<S3Reader> S3Reader::open(S3Service& service, std::string key, std::optional<ByteRange> range,
                                         std::string_view operation) {
  std::unique_ptr<S3Reader> reader(new S3Reader(service, std::move(key), operation));
  return reader->begin(range) ? std::move(reader) : nullptr;
}

S3Answer S3Reader::ask(std::optional<ByteRange> range) {
  S3Request request{.operation = operation_, .key = key_};
  if (range) {
    request.headers.emplace_back("Range", rangeHeader(*range));
  }
  if (!etag_.empty()) {
    request.headers.emplace_back("If-Match", etag_);
  }
  return S3Call(service_, std::move(request)).open();
}

bool S3Reader::begin(std::optional<ByteRange> range) {
  S3Answer answer = ask(range);
  if (answer.isDoubtfulAbsence()) {
    answer = ask(range);
  }
  if (answer.head.status == 404) {
    return false;
  }
  const auto length = answer.head.contentLength();
  const auto begins = answer.head.status == 206 ? beginOf(answer.head.find("Content-Range").value_or(""))
                                                : std::optional<std::uint64_t>(0);
  if (!answer.good() || !length || !begins) {
    failCorrupt("is smaller than was recorded, or was answered without a length (" +
                std::to_string(answer.head.status) + ")");
  }
  if (range && (*begins != range->offset || *length != range->length)) {
    failCorrupt("is smaller than was recorded");
  }
  etag_ = answer.head.find("ETag").value_or("");
  offset_ = *begins;
  size_ = left_ = *length;
  exchange_ = std::move(answer.stream);
  if (left_ == 0) {
    end();
  }
  return true;
}

void S3Reader::reopen() {
  S3Answer answer = ask(ByteRange{offset_, left_});
  if (answer.head.status == 412 || answer.head.status == 404 || answer.head.find("ETag").value_or("") != etag_) {
    failCorrupt("was replaced or removed while it was read");
  }
  const auto begins = beginOf(answer.head.find("Content-Range").value_or(""));
  if (answer.head.status != 206 || begins != offset_ || answer.head.contentLength() != left_) {
    failCorrupt("another part of it was answered than was asked for");
  }
  exchange_ = std::move(answer.stream);
}

// Seen to its end, the connection can be used again.
void S3Reader::end() {
  std::byte none{};
  try {
    exchange_->read(std::span(&none, 1));
  } catch (const fetch::FetchError&) {
    // All bytes are there.
  }
  exchange_.reset();
}

std::size_t S3Reader::read(std::span<std::byte> buffer) {
  while (left_ > 0) {
    try {
      if (!exchange_) {
        reopen();
      }
      const std::size_t count = exchange_->read(buffer.first(std::min<std::uint64_t>(buffer.size(), left_)));
      if (count == 0) {
        throw fetch::FetchError(fetch::FetchFailure::Broken, "the answer ended early");
      }
      service_.metrics.received(count);
      offset_ += count;
      left_ -= count;
      retry_.reset();
      if (left_ == 0) {
        end();
      }
      return count;
    } catch (const fetch::FetchError& error) {
      exchange_.reset();
      service_.metrics.retry(operation_);
      if (!retry_.pause()) {
        throw StorageError(StorageFailure::Unavailable, "s3: " + service_.shown(key_) + ": " + error.what());
      }
    }
  }
  return 0;
}

}  // namespace rha::storage
