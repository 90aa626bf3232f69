// CachingDriver: another driver, with blobs that are opened kept on a local disk, verified. For those who serve blobs;
// who checks or changes the storage uses the driver within.
//
//   open(path)         hit: the file (sendfile) ── else one fill, which all readers of the blob follow
//   open(path, part)   hit, or a fill that has come that far ── else the storage, and a fill goes on in the background
//   stat(path)         the storage's answer; but a blob that turned out to have other bytes than its digest says is
//                      "not there" until it is replaced, so that it is pushed again
//   sizeToOpen(path)   of a blob in the cache without asking the storage
//
// Everything else passes through. Whether a blob may be served at all was decided before, by its link in the storage: a
// blob's bytes follow from its digest, so what is in the cache never goes out of date.
// Fills run on threads of their own, at the speed of the storage and the disk: readers follow through the file, each at
// its own pace. When no fill is free, or no room, the storage is read as without a cache.
// Contract, threads and failure: those of the driver within. Sources must not outlive this object.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/lock_guarded.h"
#include "storage/blob_cache.h"
#include "storage/cache_fill.h"
#include "storage/cache_source.h"
#include "storage/storage_driver.h"

namespace rha::storage {

class CachingDriver final : public StorageDriver {
 public:
  // The digest of the blob whose data lie at a path; nullopt: something else lies there.
  using BlobAt = std::function<std::optional<oci::Digest>(std::string_view path)>;

  // `inner` and `cache` are borrowed; `cache`, which other drivers share, is stopped before this object ends.
  CachingDriver(StorageDriver& inner, BlobCache& cache, BlobAt blobAt)
      : inner_(inner), blobAt_(std::move(blobAt)), cache_(cache) {}

  [[nodiscard]] std::string_view name() const override { return inner_.name(); }
  [[nodiscard]] DriverTraits traits() const override { return inner_.traits(); }
  [[nodiscard]] ChangeCounters* changes() override { return inner_.changes(); }
  std::optional<std::string> get(std::string_view path, std::uint64_t maxBytes) override {
    return inner_.get(path, maxBytes);
  }
  std::unique_ptr<base::BodySource> open(std::string_view path, std::optional<ByteRange> range) override;
  std::optional<ObjectInfo> stat(std::string_view path) override;
  std::optional<std::uint64_t> sizeToOpen(std::string_view path) override;
  std::optional<ObjectInfo> examine(std::string_view path) override { return inner_.examine(path); }
  void beginWriting() override { inner_.beginWriting(); }
  void noteWrongBytes(std::string_view path) override { inner_.noteWrongBytes(path); }
  void put(std::string_view path, std::string_view bytes, Durability durability) override {
    inner_.put(path, bytes, durability);
  }
  bool remove(std::string_view path) override { return inner_.remove(path); }
  std::uint64_t removeTree(std::string_view path) override { return inner_.removeTree(path); }
  std::uint64_t removeLeftovers(base::WallTime before) override { return inner_.removeLeftovers(before); }
  [[nodiscard]] SegmentStore* segments() override { return inner_.segments(); }
  void list(std::string_view path, const std::function<bool(const ListEntry&)>& visit) override {
    inner_.list(path, visit);
  }
  std::unique_ptr<UploadSession> startUpload(std::string_view path) override { return inner_.startUpload(path); }
  std::unique_ptr<UploadSession> resumeUpload(std::string_view path, std::string_view state) override {
    return inner_.resumeUpload(path, state);
  }
  void check() override { inner_.check(); }

 private:
  using Source = std::unique_ptr<base::BodySource>;
  using Fill = std::shared_ptr<CacheFill>;
  // A blob in the storage, and its fill.
  struct Job {
    std::string path;
    Fill fill;
    Source source;  // null: still to be opened
  };

  Source openCached(const std::string& path, const oci::Digest& digest, std::optional<ByteRange> range);
  Source smallFromCache(const oci::Digest& digest, const CacheFolder::OpenFile& found, ByteRange part);
  Source openWhole(const std::string& path, const oci::Digest& digest);
  Source openPart(const std::string& path, const oci::Digest& digest, ByteRange range);
  // Of a fill that another reader began; null: it was given up.
  Source follow(const std::string& path, const Fill& fill);
  Source sourceOf(const std::string& path, const Fill& fill, ByteRange part);
  Source beginFill(Job job);
  void beginInBackground(const std::string& path, const oci::Digest& digest);

  // The fill of the digest, and whether it was made by this call.
  std::pair<Fill, bool> join(const oci::Digest& digest);
  Fill current(const oci::Digest& digest);
  // As CacheFill::end(), and it is no longer current.
  bool finish(const Fill& fill, CacheFill::State state);

  // By the thread that fills. Nothing is thrown: the end of the fill tells.
  void run(Job& job) noexcept;
  void copy(Job& job);
  std::shared_ptr<const std::string> fillSmall(Job& job);
  void noteWrongDigest(const Job& job, const std::string& found);
  [[nodiscard]] bool isDamaged(const oci::Digest& digest);

  StorageDriver& inner_;
  const BlobAt blobAt_;
  BlobCache& cache_;
  base::LockGuarded<std::unordered_map<std::string, Fill>> fills_;  // by digest
  // By digest: when the storage says that they were changed last. Bounded.
  base::LockGuarded<std::unordered_map<std::string, base::WallTime>> damaged_;
};

}  // namespace rha::storage
