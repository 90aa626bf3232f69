// ByteBudget: how many bytes all requests together may hold in memory at a time.
//
// Thread-safe, lock-free. Never fails: take() says no.
#pragma once

#include <atomic>
#include <cstdint>

namespace rha::api {

class ByteBudget final {
 public:
  explicit ByteBudget(std::uint64_t bytes) : left_(static_cast<std::int64_t>(bytes)) {}

  // Takes `bytes`; false, and nothing taken, if they are not there.
  [[nodiscard]] bool take(std::uint64_t bytes) {
    const auto amount = static_cast<std::int64_t>(bytes);
    if (left_.fetch_sub(amount, std::memory_order_relaxed) < amount) {
      left_.fetch_add(amount, std::memory_order_relaxed);
      return false;
    }
    return true;
  }
  void giveBack(std::uint64_t bytes) { left_.fetch_add(static_cast<std::int64_t>(bytes), std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> left_;
};

}  // namespace rha::api
