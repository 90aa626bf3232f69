#include "storage/swift_reader.h"

#include <algorithm>

#include "base/text.h"

namespace rha::storage {

SwiftReader::SwiftReader(SwiftService& service, std::vector<SwiftPart> parts, ByteRange range, std::string endpoint,
                         std::function<void()> onCorrupt)
    : service_(service),
      parts_(std::move(parts)),
      endpoint_(std::move(endpoint)),
      onCorrupt_(std::move(onCorrupt)),
      size_(range.length),
      left_(range.length),
      offset_(range.offset),
      retry_(service.settings.retry) {
  while (part_ < parts_.size() && offset_ >= parts_[part_].size) {
    offset_ -= parts_[part_++].size;
  }
}

void SwiftReader::failCorrupt(const std::string& why) {
  if (onCorrupt_ && left_ < size_) {  // before the first byte it is the opener's to judge
    onCorrupt_();
  }
  throw StorageError(StorageFailure::Corrupt,
                     "swift: " + service_.settings.container + '/' + parts_[part_].name + ": " + why);
}

std::uint64_t SwiftReader::leftInPart() const { return std::min(left_, parts_[part_].size - offset_); }

void SwiftReader::open() {
  if (left_ > 0 && !exchange_) {
    openPart();
  }
}

void SwiftReader::openPart() {
  const SwiftPart& part = parts_[part_];
  SwiftRequest request{.operation = "object_get", .object = part.name, .endpoint = endpoint_};
  if (offset_ > 0 || leftInPart() < part.size) {
    request.headers.emplace_back("Range",
                                 "bytes=" + std::to_string(offset_) + '-' + std::to_string(offset_ + leftInPart() - 1));
  }
  exchange_ = SwiftCall(service_, std::move(request)).open();
  checkAnswer(exchange_->head());
}

void SwiftReader::checkAnswer(const fetch::ResponseHead& head) {
  if (head.status == 404) {
    failCorrupt("is missing");
  }
  // "bytes 0-99/1000", or "bytes */50" with 416.
  const std::string_view range = head.find("Content-Range").value_or("");
  const auto whole = head.status == 200
                         ? head.contentLength()
                         : base::parseUnsigned(range.substr(std::min(range.find('/'), range.size() - 1) + 1));
  if (!whole || *whole != parts_[part_].size) {
    failCorrupt("has " + (whole ? std::to_string(*whole) : "an unknown number of") + " bytes instead of " +
                std::to_string(parts_[part_].size));
  }
  if (head.contentLength() != leftInPart()) {
    failCorrupt("another part of it was answered than was asked for");
  }
  const std::string etag(head.find("Etag").value_or(""));
  std::string& known = etag_.empty() ? parts_[part_].etag : etag_;
  if (!known.empty() && etag != known) {
    failCorrupt("was replaced while it was read");
  }
  etag_ = etag;
}

void SwiftReader::endPart() {
  // Seen to its end, the connection can be used again.
  std::byte none{};
  try {
    exchange_->read(std::span(&none, 1));
  } catch (const fetch::FetchError&) {
    // All bytes are there.
  }
  exchange_.reset();
  if (left_ > 0) {
    etag_.clear();
    offset_ = 0;
    ++part_;
  }
}

std::size_t SwiftReader::read(std::span<std::byte> buffer) {
  if (left_ == 0) {
    return 0;
  }
  while (true) {
    try {
      if (!exchange_) {
        openPart();
      }
      const std::size_t count = exchange_->read(buffer.first(std::min<std::uint64_t>(buffer.size(), leftInPart())));
      if (count == 0) {
        throw fetch::FetchError(fetch::FetchFailure::Broken, "the answer ended early");
      }
      service_.metrics.received(count);
      offset_ += count;
      left_ -= count;
      retry_.reset();
      if (leftInPart() == 0) {
        endPart();
      }
      return count;
    } catch (const fetch::FetchError& error) {
      exchange_.reset();
      service_.metrics.retry("object_get");
      if (!retry_.pause()) {
        throw StorageError(StorageFailure::Unavailable,
                           "swift: " + service_.settings.container + '/' + parts_[part_].name + ": " + error.what());
      }
    }
  }
}

}  // namespace rha::storage
