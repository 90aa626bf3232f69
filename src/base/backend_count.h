// BackendCount: how many requests to other servers (an object store) were made on behalf of one piece of work.
//
// Whoever works for a client opens a BackendScope on its thread, and whoever sends a request to another server calls
// countBackendRequest(): so the engine need not know what a storage is, nor a storage for whom it works. What is done
// outside of any scope (housekeeping, the cache's own fetching) is counted for nobody.
// BackendCount is thread-safe; a scope belongs to the thread that made it, and scopes do not nest.
#pragma once

#include <atomic>
#include <cstdint>

namespace rha::base {

class BackendCount final {
 public:
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }
  void add() { value_.fetch_add(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// While it lives, what this thread sends is counted in `count`, which is borrowed.
class BackendScope final {
 public:
  explicit BackendScope(BackendCount& count) noexcept;
  BackendScope(const BackendScope&) = delete;
  BackendScope& operator=(const BackendScope&) = delete;
  ~BackendScope();
};

// One request, the first or one made again, leaves this thread for another server.
void countBackendRequest() noexcept;

}  // namespace rha::base
