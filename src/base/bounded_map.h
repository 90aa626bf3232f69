// BoundedMap: values by text keys, as many as two bounds allow: what they cost together, and how many they are. What
// was used longest ago goes first.
//
// A container, owned by whoever caches in it; one thread at a time. Throws only std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace rha::base {

template <typename Value>
class BoundedMap final {
 public:
  struct Bounds {
    std::uint64_t cost = 0;
    std::uint64_t entries = 0;
  };

  // Null: none. Counts as a use; valid until the next put() or erase().
  [[nodiscard]] Value* find(std::string_view key) {
    const auto found = keys_.find(key);
    if (found == keys_.end()) {
      return nullptr;
    }
    if (found->second != entries_.begin()) {
      entries_.splice(entries_.begin(), entries_, found->second);
    }
    return &found->second->value;
  }

  void erase(std::string_view key) {
    if (const auto found = keys_.find(key); found != keys_.end()) {
      drop(found->second);
    }
  }

  // In place of another one of that key. Returns how many others went to make room. Precondition: `cost` is within the
  // bounds, which allow one entry.
  std::uint64_t put(std::string_view key, Value value, std::uint64_t cost, const Bounds& bounds) {
    erase(key);
    std::uint64_t evicted = 0;
    while (!entries_.empty() && (cost_ + cost > bounds.cost || entries_.size() >= bounds.entries)) {
      drop(std::prev(entries_.end()));
      ++evicted;
    }
    entries_.push_front({std::string(key), std::move(value), cost});
    keys_.emplace(entries_.front().key, entries_.begin());
    cost_ += cost;
    return evicted;
  }

  [[nodiscard]] std::uint64_t cost() const { return cost_; }
  [[nodiscard]] std::uint64_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    Value value;
    std::uint64_t cost = 0;
  };

  void drop(typename std::list<Entry>::iterator entry) {
    cost_ -= entry->cost;
    keys_.erase(entry->key);
    entries_.erase(entry);
  }

  std::list<Entry> entries_;                                                        // used last: first
  std::unordered_map<std::string_view, typename std::list<Entry>::iterator> keys_;  // the keys lie in the entries
  std::uint64_t cost_ = 0;
};

}  // namespace rha::base
