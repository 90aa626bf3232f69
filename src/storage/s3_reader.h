// S3Reader: a BodySource over an object, or a run of bytes within it. A connection that breaks is made again from the
// byte it broke at, with If-Match: an object that is replaced while it is read is Corrupt, never a mixture.
//
// Threads and failure: see BodySource; StorageError.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/body_source.h"
#include "storage/s3_call.h"
#include "storage/storage_driver.h"

namespace rha::storage {

class S3Reader final : public base::BodySource {
 public:
  // Asks for the bytes; null: the object is not there. A range that does not lie within it is StorageError(Corrupt).
  // Precondition: a range has a length. `service` is borrowed; `operation` is for metrics.
  static std::unique_ptr<S3Reader> open(S3Service& service, std::string key, std::optional<ByteRange> range,
                                        std::string_view operation = "object_get");

  [[nodiscard]] std::uint64_t size() const override { return size_; }
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  S3Reader(S3Service& service, std::string key, std::string_view operation)
      : service_(service), key_(std::move(key)), operation_(operation), retry_(service.settings.retry) {}
  bool begin(std::optional<ByteRange> range);
  S3Answer ask(std::optional<ByteRange> range);
  void reopen();
  void end();
  [[noreturn]] void failCorrupt(const std::string& why) const;

  S3Service& service_;
  std::string key_;
  std::string_view operation_;
  std::uint64_t size_ = 0;
  std::uint64_t offset_ = 0;  // of the next byte, within the object
  std::uint64_t left_ = 0;    // bytes still to be given out
  std::string etag_;          // as it was answered; empty: it was not
  std::unique_ptr<fetch::Exchange> exchange_;
  Retry retry_;
};

}  // namespace rha::storage
