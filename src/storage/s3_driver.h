// S3Driver: objects in one bucket of an S3, in the layout of distribution 2.8's s3 driver, so that either registry
// reads what the other wrote. Any number of processes may use the bucket at once.
//
// Needed of the storage: objects with ranges, ListObjectsV2, CopyObject and multipart uploads with UploadPartCopy;
// batch deletion is used where it is there. Existence is decided by asking for the object, never by a listing. The
// bucket is not made: whoever makes it decides where it lies, who may read it, and when leftovers are removed.
//
// Threads and failure: see StorageDriver. open() first, once. Upload sessions and body sources must not outlive the
// driver.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "storage/open_for.h"
#include "storage/s3_call.h"
#include "storage/s3_settings.h"
#include "storage/s3_upload.h"
#include "storage/spool.h"
#include "storage/storage_driver.h"

namespace rha::storage {

class S3Driver final : public StorageDriver {
 public:
  // All borrowed but the settings.
  S3Driver(const S3Settings& settings, const base::Clock& clock, base::MetricsRegistry& metrics);

  // Looks whether the bucket is there and can be listed. Throws StorageError with a text for the operator.
  void open(OpenFor use = OpenFor::Writing);

  [[nodiscard]] std::string_view name() const override { return "s3"; }
  [[nodiscard]] DriverTraits traits() const override { return {.shared = true, .cheapSmallWrites = false}; }
  std::optional<std::string> get(std::string_view path, std::uint64_t maxBytes) override;
  std::unique_ptr<base::BodySource> open(std::string_view path, std::optional<ByteRange> range) override;
  std::optional<ObjectInfo> stat(std::string_view path) override;
  void put(std::string_view path, std::string_view bytes, Durability durability) override;
  bool remove(std::string_view path) override;
  std::uint64_t removeTree(std::string_view path) override;
  void list(std::string_view path, const std::function<bool(const ListEntry&)>& visit) override;
  std::unique_ptr<UploadSession> startUpload(std::string_view path) override;
  std::unique_ptr<UploadSession> resumeUpload(std::string_view path, std::string_view state) override;
  void noteWrongBytes(std::string_view path) override;
  // Aborts multipart uploads.
  std::uint64_t removeLeftovers(base::WallTime before) override;
  void check() override;

 private:
  std::unique_ptr<base::BodySource> openNothing(std::string_view path, ByteRange range);

  S3Service service_;
  SpoolBudget budget_;
  SpoolBudget merging_;  // one chunk: a turn, see S3Publication
};

}  // namespace rha::storage
