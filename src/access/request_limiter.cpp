#include "access/request_limiter.h"

#include <algorithm>
#include <functional>

namespace rha::access {

std::optional<std::chrono::nanoseconds> RequestLimiter::take(std::string_view limit, std::string_view client,
                                                             const RequestRate& rate, base::SteadyTime now) {
  using std::chrono::nanoseconds;
  const auto perToken = nanoseconds(std::chrono::seconds(1)) / static_cast<std::int64_t>(rate.perSecond);
  const auto whole = perToken * static_cast<std::int64_t>(rate.burst);
  std::string key;
  key.reserve(limit.size() + 1 + client.size());
  key.append(limit).append(1, '\0').append(client);
  auto buckets = shards_[std::hash<std::string>{}(key) % kShards].lock();
  const auto found = buckets->find(key);
  const base::SteadyTime full = std::max(now, found != buckets->end() ? found->second : now) + perToken;
  if (full - now > whole) {
    return full - now - whole;
  }
  if (found != buckets->end()) {
    found->second = full;
  } else {
    makeRoom(*buckets, now);
    buckets->emplace(std::move(key), full);
  }
  return std::nullopt;
}

void RequestLimiter::makeRoom(Buckets& buckets, base::SteadyTime now) {
  if (buckets.size() < kMostBuckets / kShards) {
    return;
  }
  std::erase_if(buckets, [&](const auto& bucket) { return bucket.second <= now; });
  if (buckets.size() >= kMostBuckets / kShards) {
    buckets.erase(std::min_element(buckets.begin(), buckets.end(),
                                   [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
}

std::size_t RequestLimiter::size() {
  std::size_t sum = 0;
  for (auto& shard : shards_) {
    sum += shard.lock()->size();
  }
  return sum;
}

}  // namespace rha::access
