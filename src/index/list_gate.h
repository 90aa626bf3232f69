// ListGate: keeps lists back after a start until the index has been seen to: built if need be, and caught up with what
// the journal knows. No list may be partial; pulls and pushes do not ask here.
//
// A list that comes within the first moments waits for a small index instead of being refused. Only a few may wait:
// they hold worker threads. Thread-safe. Failure: pass() throws IndexError, to be answered with 503.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>

#include "base/lock_guarded.h"

namespace rha::index {

class ListGate final {
 public:
  // Lists wait until `patience` after this.
  explicit ListGate(std::chrono::milliseconds patience);

  // Lets all through from now on.
  void open();
  // Returns once the gate is open.
  void pass();

 private:
  struct State {
    bool open = false;
    std::size_t waiting = 0;
  };
  std::chrono::steady_clock::time_point patienceEnds_;
  base::LockGuarded<State> state_;
  std::condition_variable opened_;  // of state_
};

}  // namespace rha::index
