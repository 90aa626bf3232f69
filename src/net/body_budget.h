// BodyBudget: bounds the memory of all body buffers together. At the limit a body waits, first come, first served.
//
// Three quarters of the budget are given out in full buffers; the last quarter in small ones only (and only as a body's
// first buffer), so that a crowd of slow bodies slows down but nobody starves.
// Owned by the Server; thread-safe. Never throws but std::bad_alloc.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/lock_guarded.h"

namespace rha::net {

// Move-only memory of a body; goes back by BodyBudget::release(), which its destructor does not do.
class BodyBuffer final {
 public:
  BodyBuffer() = default;
  BodyBuffer(std::unique_ptr<std::byte[]> bytes, std::size_t size) : bytes_(std::move(bytes)), size_(size) {}
  BodyBuffer(BodyBuffer&& other) noexcept
      : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, std::size_t{0})) {}
  BodyBuffer& operator=(BodyBuffer&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, std::size_t{0});
    return *this;
  }
  BodyBuffer(const BodyBuffer&) = delete;
  BodyBuffer& operator=(const BodyBuffer&) = delete;
  ~BodyBuffer() = default;

  [[nodiscard]] bool valid() const { return bytes_ != nullptr; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::span<std::byte> span() const { return {bytes_.get(), size_}; }

 private:
  friend class BodyBudget;
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_ = 0;
};

// Somebody who waits for a buffer.
class BudgetWaiter {
 public:
  virtual ~BudgetWaiter() = default;
  // `buffer` is theirs from now on. Any thread, under no lock.
  virtual void onBuffer(BodyBuffer buffer) = 0;
};

class BodyBudget final {
 public:
  static constexpr std::size_t kSmallBytes = 16 * 1024;

  // Bytes in use and bodies waiting, for the metrics.
  struct Gauges {
    std::atomic<std::uint64_t>& used;
    std::atomic<std::uint64_t>& waiting;
  };
  // `perBody` is what one body may hold: two buffers of half of it each. Both are raised to what a small buffer needs.
  BodyBudget(std::uint64_t limit, std::uint64_t perBody, Gauges gauges);

  // A body's first buffer, full or small. nullopt: `waiter` gets one by onBuffer() unless it cancels.
  std::optional<BodyBuffer> acquire(BudgetWaiter& waiter);
  // A second one, only if there is plenty.
  std::optional<BodyBuffer> tryAcquireExtra();
  // True: `waiter` no longer waits. False: onBuffer() was or is being called.
  bool cancel(BudgetWaiter& waiter);
  // Invalid buffers are ignored.
  void release(BodyBuffer buffer);

  [[nodiscard]] std::size_t bufferBytes() const { return bufferBytes_; }

 private:
  struct State {
    std::uint64_t used = 0;
    std::list<BudgetWaiter*> waiters;
    std::vector<std::unique_ptr<std::byte[]>> spare;  // full-sized, kept so that the kernel need not clear pages anew
  };
  [[nodiscard]] bool fits(const State& state, std::size_t bytes) const;
  BodyBuffer take(State& state, std::size_t bytes);
  std::optional<BodyBuffer> takeFirst(State& state);

  const std::uint64_t limit_;
  const std::size_t bufferBytes_;
  const Gauges gauges_;
  base::LockGuarded<State> state_;
};

}  // namespace rha::net
