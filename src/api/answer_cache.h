// AnswerCache: answers to GET and HEAD of manifests and blobs, ready to be sent, by the path that was asked for.
//
// Only what a request found in storage is kept, with its Standing: an answer whose Standing no longer holds is not
// given again. That is all that keeps the cache right, whoever pushes, re-tags or deletes, in this process or another.
// Who may have an answer is decided for each request; the cache knows nothing of it.
// Bounded by bytes and by entries; what was used longest ago goes first. A path that is not canonical is not kept.
// Owned by the composition root; thread-safe; find() is quick enough for an event thread. Throws only std::bad_alloc.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bounded_map.h"
#include "base/lock_guarded.h"
#include "base/metrics.h"
#include "oci/digest.h"
#include "registry/standing.h"

namespace rha::api {

struct CachedAnswer {
  enum class Kind : std::uint8_t { Manifest, Blob };
  Kind kind = Kind::Manifest;
  oci::Digest digest;
  std::uint64_t size = 0;
  std::shared_ptr<const std::string> body;    // null: only HEAD can be answered. Shared with answers on their way
  std::shared_ptr<const std::string> fields;  // header lines of a 200. Shared likewise
  std::shared_ptr<const std::string> unchangedFields;  // of a 304
  bool convertible = false;                            // what a tag names, and schema 1 could be made of it
  registry::Standing standing;
};

struct AnswerCacheSettings {
  std::uint64_t bytes = 32 * 1024 * 1024;  // 0: nothing is kept
  std::uint64_t entries = 65536;
  std::uint64_t largestBytes = 64 * 1024;  // of one body
};

class AnswerCache final {
 public:
  // Shared with a request that gives the answer while it is dropped here.
  using Answer = std::shared_ptr<const CachedAnswer>;

  AnswerCache(const AnswerCacheSettings& settings, base::MetricsRegistry& metrics);

  // Null: none, or it no longer stands. Counts neither: what is found may yet not be used.
  [[nodiscard]] Answer find(std::string_view path);
  // The answer was given (again), or storage had to be asked for it.
  void countHit() { hits_.add(); }
  void countMiss() { misses_.add(); }

  // Whether a body of that size may be kept.
  [[nodiscard]] bool takes(std::uint64_t bodyBytes) const { return limit_ > 0 && bodyBytes <= largestBytes_; }
  // Keeps `answer` in place of another one of that path. Precondition: it does not bear a client's own headers.
  void keep(std::string_view path, CachedAnswer answer);

 private:
  static constexpr std::size_t kShards = 16;

  using Shard = base::BoundedMap<Answer>;

  base::LockGuarded<Shard>& shardOf(std::string_view path);
  // What the shard came to hold, beside what it held before.
  void measure(const Shard& shard, std::uint64_t bytesBefore, std::uint64_t entriesBefore);

  const std::uint64_t limit_;        // of a shard
  const std::uint64_t mostEntries_;  // ditto
  const std::uint64_t largestBytes_;
  base::Counter& hits_;
  base::Counter& misses_;
  base::Counter& evictions_;
  base::Counter& stale_;
  base::Gauge& bytes_;
  base::Gauge& entries_;
  std::array<base::LockGuarded<Shard>, kShards> shards_;
};

}  // namespace rha::api
