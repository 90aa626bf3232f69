#include "index/list_gate.h"

#include "index/index.h"

namespace rha::index {
namespace {

constexpr std::size_t kMostWaiting = 8;

}  // namespace

ListGate::ListGate(std::chrono::milliseconds patience) : patienceEnds_(std::chrono::steady_clock::now() + patience) {}

void ListGate::open() {
  state_.lock()->open = true;
  opened_.notify_all();
}

void ListGate::pass() {
  auto state = state_.lock();
  if (!state->open && state->waiting < kMostWaiting) {
    ++state->waiting;
    opened_.wait_until(state.native(), patienceEnds_, [&state] { return state->open; });
    --state->waiting;
  }
  if (!state->open) {
    throw IndexError("index: being seen to after the start; lists are answered when that is done");
  }
}

}  // namespace rha::index
