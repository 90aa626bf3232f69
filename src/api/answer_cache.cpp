#include "api/answer_cache.h"

#include <algorithm>
#include <functional>

namespace rha::api {
namespace {

// Of an entry besides the texts it holds: nodes of list and map, the objects, and what the allocator adds.
constexpr std::uint64_t kEntryBytes = 768;

std::uint64_t costOf(std::string_view path, const CachedAnswer& answer) {
  return kEntryBytes + path.size() + answer.digest.text().size() + answer.fields->size() +
         answer.unchangedFields->size() + (answer.body ? answer.body->size() : 0);
}

}  // namespace

AnswerCache::AnswerCache(const AnswerCacheSettings& settings, base::MetricsRegistry& metrics)
    : limit_(settings.bytes / kShards),
      mostEntries_(std::max<std::uint64_t>(settings.entries / kShards, 1)),
      largestBytes_(std::min(settings.largestBytes, limit_ / 4)),
      hits_(metrics.counter("registry_ha_answer_cache_hits_total", "Requests answered from memory.")),
      misses_(metrics.counter("registry_ha_answer_cache_misses_total",
                              "Manifests and blobs that storage was asked for, of those that memory may hold.")),
      evictions_(metrics.counter("registry_ha_answer_cache_evictions_total", "Answers dropped to make room.")),
      stale_(metrics.counter("registry_ha_answer_cache_stale_total", "Answers dropped because a write overtook them.")),
      bytes_(metrics.gauge("registry_ha_answer_cache_bytes", "Memory that kept answers take.")),
      entries_(metrics.gauge("registry_ha_answer_cache_entries", "Answers kept in memory.")) {}

base::LockGuarded<AnswerCache::Shard>& AnswerCache::shardOf(std::string_view path) {
  // Not the bits that the map of the shard goes by.
  return shards_[(std::hash<std::string_view>{}(path) >> 40U) % kShards];
}

AnswerCache::Answer AnswerCache::find(std::string_view path) {
  Answer answer;  // destroyed after the lock is gone, if it turns out to be stale
  auto shard = shardOf(path).lock();
  const Answer* found = shard->find(path);
  if (found == nullptr) {
    return nullptr;
  }
  answer = *found;
  if (!answer->standing.holds()) {
    const std::uint64_t bytes = shard->cost();
    const std::uint64_t entries = shard->size();
    shard->erase(path);
    measure(*shard, bytes, entries);
    stale_.add();
    return nullptr;
  }
  return answer;
}

void AnswerCache::measure(const Shard& shard, std::uint64_t bytesBefore, std::uint64_t entriesBefore) {
  bytes_.add(static_cast<std::int64_t>(shard.cost()) - static_cast<std::int64_t>(bytesBefore));
  entries_.add(static_cast<std::int64_t>(shard.size()) - static_cast<std::int64_t>(entriesBefore));
}

void AnswerCache::keep(std::string_view path, CachedAnswer answer) {
  const std::uint64_t cost = costOf(path, answer);
  if (cost > limit_ || !answer.standing.holds() || path.find('%') != std::string_view::npos) {
    return;
  }
  auto entry = std::make_shared<const CachedAnswer>(std::move(answer));
  auto shard = shardOf(path).lock();
  const std::uint64_t bytes = shard->cost();
  const std::uint64_t entries = shard->size();
  evictions_.add(shard->put(path, std::move(entry), cost, {limit_, mostEntries_}));
  measure(*shard, bytes, entries);
}

}  // namespace rha::api
