#include "net/body_budget.h"

#include <algorithm>

namespace rha::net {
namespace {

constexpr std::size_t kSpareBuffers = 32;

}  // namespace

BodyBudget::BodyBudget(std::uint64_t limit, std::uint64_t perBody, Gauges gauges)
    : limit_(std::max<std::uint64_t>(limit, kSmallBytes)),
      bufferBytes_(std::max<std::size_t>(static_cast<std::size_t>(perBody / 2), kSmallBytes)),
      gauges_(gauges) {
  state_.lock()->spare.reserve(kSpareBuffers);
}

bool BodyBudget::fits(const State& state, std::size_t bytes) const { return state.used + bytes <= limit_ / 4 * 3; }

BodyBuffer BodyBudget::take(State& state, std::size_t bytes) {
  BodyBuffer buffer;
  if (bytes == bufferBytes_ && !state.spare.empty()) {
    buffer = BodyBuffer(std::move(state.spare.back()), bytes);
    state.spare.pop_back();
  } else {
    // Not make_unique: it would clear what is overwritten anyway.
    buffer = BodyBuffer(std::unique_ptr<std::byte[]>(new std::byte[bytes]), bytes);
  }
  state.used += bytes;
  gauges_.used.store(state.used, std::memory_order_relaxed);
  return buffer;
}

std::optional<BodyBuffer> BodyBudget::takeFirst(State& state) {
  if (fits(state, bufferBytes_)) {
    return take(state, bufferBytes_);
  }
  if (state.used + kSmallBytes <= limit_) {
    return take(state, kSmallBytes);
  }
  return std::nullopt;
}

std::optional<BodyBuffer> BodyBudget::acquire(BudgetWaiter& waiter) {
  auto state = state_.lock();
  if (state->waiters.empty()) {
    if (auto buffer = takeFirst(*state)) {
      return buffer;
    }
  }
  state->waiters.push_back(&waiter);
  gauges_.waiting.store(state->waiters.size(), std::memory_order_relaxed);
  return std::nullopt;
}

std::optional<BodyBuffer> BodyBudget::tryAcquireExtra() {
  auto state = state_.lock();
  if (!state->waiters.empty() || !fits(*state, bufferBytes_)) {
    return std::nullopt;
  }
  return take(*state, bufferBytes_);
}

bool BodyBudget::cancel(BudgetWaiter& waiter) {
  auto state = state_.lock();
  const auto at = std::find(state->waiters.begin(), state->waiters.end(), &waiter);
  if (at == state->waiters.end()) {
    return false;
  }
  state->waiters.erase(at);
  gauges_.waiting.store(state->waiters.size(), std::memory_order_relaxed);
  return true;
}

void BodyBudget::release(BodyBuffer buffer) {
  if (!buffer.valid()) {
    return;
  }
  {
    auto state = state_.lock();
    state->used -= buffer.size_;
    gauges_.used.store(state->used, std::memory_order_relaxed);
    if (buffer.size_ == bufferBytes_ && state->spare.size() < kSpareBuffers) {
      state->spare.push_back(std::move(buffer.bytes_));
    }
  }
  for (;;) {
    BudgetWaiter* waiter = nullptr;
    std::optional<BodyBuffer> granted;
    {
      auto state = state_.lock();
      if (state->waiters.empty()) {
        return;
      }
      granted = takeFirst(*state);
      if (!granted) {
        return;
      }
      waiter = state->waiters.front();
      state->waiters.pop_front();
      gauges_.waiting.store(state->waiters.size(), std::memory_order_relaxed);
    }
    waiter->onBuffer(std::move(*granted));
  }
}

}  // namespace rha::net
