// Makes the storages that the settings ask for: the one place that knows all drivers.
//
// Called by one thread, at the start. What is in StorageTools is borrowed by the driver for its life.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "config/settings.h"
#include "registry/storages.h"
#include "storage/blob_cache.h"
#include "storage/open_for.h"
#include "storage/storage_driver.h"

namespace rha::registryd {

struct StorageTools {
  const base::Clock& clock;
  const base::Logger& logger;
  base::MetricsRegistry& metrics;
};

// The storages and their drivers, which it owns.
class OpenStorages final {
 public:
  // Opens all, metered. For reading, they are sent no write. Throws StorageError with a text for the operator.
  OpenStorages(const config::StartupSettings& settings, const StorageTools& tools, storage::OpenFor use);
  OpenStorages(const OpenStorages&) = delete;
  OpenStorages& operator=(const OpenStorages&) = delete;
  ~OpenStorages();

  [[nodiscard]] const registry::Storages& all() const { return storages_; }
  // The same, with blobs kept on a local disk if the settings name a folder for them: for those who serve blobs. A
  // folder that cannot be used is a warning.
  [[nodiscard]] const registry::Storages& forBlobs() const { return forBlobs_; }
  // Throws StorageError if one of them cannot be used: by a small write, or, for reading, by a look at it.
  void check(storage::OpenFor use) const;
  // All of them, opened for reading, may be written to from now on. Any thread.
  void beginWriting() const;
  // Removes what publications of blobs that died before that time have left behind, and no path shows; returns how
  // many. Throws StorageError.
  [[nodiscard]] std::uint64_t removeLeftovers(base::WallTime before) const;
  // The names of the drivers: "swift", or "filesystem, restricted: s3".
  [[nodiscard]] std::string names() const;

 private:
  std::vector<std::unique_ptr<storage::StorageDriver>> drivers_;
  registry::Storages storages_;
  std::unique_ptr<storage::BlobCache> cache_;                     // null: off
  std::vector<std::unique_ptr<storage::StorageDriver>> caching_;  // of each driver, in its order; empty: off
  registry::Storages forBlobs_;
};

}  // namespace rha::registryd
