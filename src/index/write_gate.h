// WriteGate: lets any number of writers through, until it is closed for a moment in which none may be inside.
//
// Held across I/O by design, which is why it is no mutex: nobody who only reads meets it.
// Thread-safe; one closer at a time. Failure: enter() throws IndexError when the gate stays closed too long.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>

#include "base/lock_guarded.h"

namespace rha::index {

class WriteGate final {
 public:
  // A writer inside; leaves when destroyed.
  class Pass final {
   public:
    explicit Pass(WriteGate& gate) : gate_(gate) {}
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass() { gate_.leave(); }

   private:
    WriteGate& gate_;
  };
  // The gate being closed; opens it when destroyed.
  class Closure final {
   public:
    explicit Closure(WriteGate& gate) : gate_(gate) {}
    Closure(const Closure&) = delete;
    Closure& operator=(const Closure&) = delete;
    ~Closure() { gate_.open(); }

   private:
    WriteGate& gate_;
  };

  // Waits while the gate is closed, at most `patience`.
  [[nodiscard]] Pass enter(std::chrono::milliseconds patience);
  // Lets no more writers in and waits until those inside have left: each is there for one commit.
  [[nodiscard]] Closure close();

 private:
  struct State {
    std::size_t inside = 0;
    bool closed = false;
  };
  void leave() noexcept;
  void open() noexcept;

  base::LockGuarded<State> state_;
  std::condition_variable changed_;  // of state_
};

}  // namespace rha::index
