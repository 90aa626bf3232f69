// DiskCache: verified blobs on a local disk, bounded by bytes, the least recently used going first.
//
//   begin() ── FillingFile ── write()* ── publish()       by whoever fetches the blob; it has checked the digest
//   find()                                                by readers
//   tend()                                                by one thread in the background: looks for damage
//
// The files are the truth, and the list in memory is only for the order: another process may add and remove files
// (an upgrade's two registryds share the folder), which scan() takes notice of once a minute.
// Nothing here is fatal: when the disk is full, broken or gone, there is no cache. begin() and find() then say "no", a
// warning tells why (once a minute at most), and the disk is left alone for half a minute (a full one is still read).
// Thread-safe, and no lock is held over I/O. Nothing throws but where it is said.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/lock_guarded.h"
#include "base/log.h"
#include "storage/cache_folder.h"
#include "storage/cache_metrics.h"

namespace rha::storage {

struct DiskCacheSettings {
  std::filesystem::path path;
  std::uint64_t bytes = 0;
  std::uint64_t fills = 8;                      // blobs fetched at once
  std::chrono::milliseconds verifyInterval{0};  // 0: never
  std::uint64_t verifyBytesPerSecond = 16 * 1024 * 1024;
};

class DiskCache final {
 public:
  // Room and file of one fill. Gives the room back, and removes the file, unless it was published.
  class Filling;

  // Waits between two pieces of background work; false: end it.
  using Pause = std::function<bool(std::chrono::milliseconds)>;

  // `clock`, `logger` and `metrics` are borrowed.
  DiskCache(const DiskCacheSettings& settings, const base::Clock& clock, const base::Logger& logger,
            base::MetricsRegistry& metrics);

  // Looks at what is there. A folder that cannot be used is a warning; tend() tries again.
  void open();

  // A file whose bytes were right when they were written, and which nobody has touched since.
  [[nodiscard]] std::optional<CacheFolder::OpenFile> find(const oci::Digest& digest);
  // Null: no room, or no disk.
  [[nodiscard]] std::unique_ptr<Filling> begin(std::uint64_t size);
  // False: the disk failed, and the fill is to be given up.
  [[nodiscard]] bool write(Filling& filling, std::span<const std::byte> bytes);
  // Precondition: all of it was written, and has the digest.
  void publish(Filling& filling, const oci::Digest& digest, CacheFolder::Sync sync);
  // Removes a file that turned out to be damaged.
  void dropDamaged(const oci::Digest& digest, std::string_view how);
  void noteFailure(const base::IoError& error);

  // Takes notice of what other processes did, and keeps to the limit.
  void scan();
  // Scans when it is time, and hashes all files again, slowly. Returns when `pause` says so.
  void tend(const Pause& pause);
  // Hashes one file again; a damaged one goes. False when `pause` ended it.
  bool verify(const oci::Digest& digest, const Pause& pause);

  [[nodiscard]] CacheMetrics& metrics() { return metrics_; }

 private:
  struct Entry {
    oci::Digest digest;
    std::uint64_t size = 0;
    std::uint64_t addedIn = 0;  // the scan under way then: it may have missed the file
  };
  struct Index {
    std::list<Entry> entries;  // the most recently used first
    std::unordered_map<std::string, std::list<Entry>::iterator> byDigest;
    std::uint64_t bytes = 0;
    std::uint64_t reserved = 0;  // for fills under way
    std::uint64_t scans = 0;
    base::SteadyTime pausedUntil;       // nothing is read or written
    base::SteadyTime fillsPausedUntil;  // nothing is written
    base::SteadyTime warnAfter;
    base::SteadyTime scanAfter;
  };
  using Victims = std::vector<oci::Digest>;

  [[nodiscard]] bool isPaused();
  [[nodiscard]] bool areFillsPaused();
  void touch(const CacheFolder::OpenFile& found, const oci::Digest& digest);
  [[nodiscard]] Victims merge(const std::vector<CacheFolder::Listed>& found, std::uint64_t scan);
  // Of the index; the caller holds its lock.
  void add(Index& index, const oci::Digest& digest, std::uint64_t size);
  void erase(Index& index, const std::string& digest);
  [[nodiscard]] Victims makeRoom(Index& index, std::uint64_t bytes);
  void evict(const Victims& victims);
  // Runs `attempt` again after making room on a disk that is full. Throws what it throws.
  template <typename Attempt>
  auto makingRoom(std::uint64_t bytes, const Attempt& attempt);
  void scanIfDue();
  [[nodiscard]] std::vector<oci::Digest> digests();

  const DiskCacheSettings settings_;
  const base::Clock& clock_;
  const base::Logger& logger_;
  CacheMetrics metrics_;
  CacheFolder folder_;
  base::LockGuarded<Index> index_;
};

class DiskCache::Filling final {
 public:
  Filling(DiskCache& cache, std::uint64_t room) : cache_(cache), room_(room) {}
  Filling(const Filling&) = delete;
  Filling& operator=(const Filling&) = delete;
  ~Filling();
  [[nodiscard]] int descriptor() const { return file_->descriptor(); }

 private:
  friend class DiskCache;
  void giveRoomBack();

  DiskCache& cache_;
  std::uint64_t room_;
  std::unique_ptr<FillingFile> file_;
};

}  // namespace rha::storage
