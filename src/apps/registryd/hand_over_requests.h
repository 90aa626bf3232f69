// HandOverRequests: who asks for a hand-over (on the control socket) waits here for its outcome.
//
// Asked on the control server's threads, answered by the main thread, which SIGUSR2 wakes. Thread-safe.
#pragma once

#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "base/lock_guarded.h"
#include "base/result.h"

namespace rha::registryd {

class HandOverRequests final {
 public:
  using Outcome = base::Result<std::string, std::string>;  // JSON text, or what failed, for the operator

  // Sends this process SIGUSR2 and waits for the outcome.
  Outcome ask(std::chrono::milliseconds patience);
  // Tells all who wait.
  void answer(const Outcome& outcome);
  // Tells them, and whoever asks later, that there will be none.
  void close(const std::string& reason);

 private:
  struct State {
    std::vector<std::promise<Outcome>> waiting;
    std::string closed;  // why; empty: open
  };
  base::LockGuarded<State> state_;
};

}  // namespace rha::registryd
