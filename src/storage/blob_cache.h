// BlobCache: the disk cache with the threads that work for it: "fill-N" fetch blobs into it, "cache" looks for damage.
// What the caching drivers of all storages share; a blob is the same wherever it comes from.
//
// Owned by whoever owns those drivers. start() and stop() from one thread, the rest from any.
#pragma once

#include <atomic>
#include <condition_variable>
#include <thread>

#include "base/lock_guarded.h"
#include "storage/disk_cache.h"
#include "storage/fill_pool.h"

namespace rha::storage {

class BlobCache final {
 public:
  // All borrowed but `settings`.
  BlobCache(const DiskCacheSettings& settings, const base::Clock& clock, const base::Logger& logger,
            base::MetricsRegistry& metrics)
      : settings_(settings), logger_(logger), disk_(settings, clock, logger, metrics) {}
  BlobCache(const BlobCache&) = delete;
  BlobCache& operator=(const BlobCache&) = delete;
  ~BlobCache() { stop(); }

  // Opens the folder and starts the threads.
  void start();
  // Breaks off fills and checks; then there is no cache. Idempotent.
  void stop();
  [[nodiscard]] bool isStopping() const { return stopping_; }

  // See FillPool::tryRun().
  [[nodiscard]] bool tryRun(FillPool::Task task) { return pool_.tryRun(std::move(task)); }
  [[nodiscard]] DiskCache& disk() { return disk_; }
  [[nodiscard]] CacheMetrics& metrics() { return disk_.metrics(); }
  [[nodiscard]] const base::Logger& logger() const { return logger_; }

 private:
  struct Tending {
    bool stopping = false;
  };

  const DiskCacheSettings settings_;
  const base::Logger& logger_;
  DiskCache disk_;
  std::atomic<bool> stopping_ = true;
  FillPool pool_;
  base::LockGuarded<Tending> tending_;
  std::condition_variable tendingEnds_;  // of tending_
  std::thread tender_;
};

}  // namespace rha::storage
