#include "index/write_gate.h"

#include "index/index.h"

namespace rha::index {

WriteGate::Pass WriteGate::enter(std::chrono::milliseconds patience) {
  auto state = state_.lock();
  if (!changed_.wait_for(state.native(), patience, [&state] { return !state->closed; })) {
    throw IndexError("index: a rebuilt index was being put in place for more than " + std::to_string(patience.count()) +
                     " ms, the write had to be given up");
  }
  ++state->inside;
  return Pass(*this);
}

WriteGate::Closure WriteGate::close() {
  auto state = state_.lock();
  state->closed = true;
  changed_.wait(state.native(), [&state] { return state->inside == 0; });
  return Closure(*this);
}

void WriteGate::leave() noexcept {
  auto state = state_.lock();
  --state->inside;
  changed_.notify_all();
}

void WriteGate::open() noexcept {
  auto state = state_.lock();
  state->closed = false;
  changed_.notify_all();
}

}  // namespace rha::index
