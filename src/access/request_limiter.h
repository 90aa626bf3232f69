// RequestLimiter: how often a client may ask: a token bucket for each client of each limit.
//
//   a bucket of `burst` tokens, filled with `perSecond` tokens a second; a request takes one
//
// A bucket is one point in time (when it will be full again), so a full one need not be kept at all. Memory is bounded:
// beyond, the bucket that is next to be full is forgotten, which lets its client ask a little more.
// Owned by AccessControl; outlives snapshots, so that a reload fills no bucket. Thread-safe; clients are spread over
// shards, each with a lock of its own, held for the look-up only.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "access/access_document.h"
#include "base/clock.h"
#include "base/lock_guarded.h"

namespace rha::access {

class RequestLimiter final {
 public:
  static constexpr std::size_t kMostBuckets = 16 * 1024;

  // Takes a token. nullopt: the client may go on; else after how long it may. Precondition: perSecond and burst > 0.
  std::optional<std::chrono::nanoseconds> take(std::string_view limit, std::string_view client, const RequestRate& rate,
                                               base::SteadyTime now);
  // Buckets that are kept, for the metrics.
  [[nodiscard]] std::size_t size();

 private:
  static constexpr std::size_t kShards = 16;
  using Buckets = std::unordered_map<std::string, base::SteadyTime>;  // when each is full again
  static void makeRoom(Buckets& buckets, base::SteadyTime now);

  std::array<base::LockGuarded<Buckets>, kShards> shards_;
};

}  // namespace rha::access
