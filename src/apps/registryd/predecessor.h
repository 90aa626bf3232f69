// Predecessor: the process from which this one takes over, as this one sees it (successor.h has the whole picture).
//
// It goes on for a while with the transfers it has, and writes to storage and index until it has ended. Owned by the
// composition root. Thread-safe but for the start: take(), ready() and waitForConfirmation() in this order, one thread.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <memory>

#include "apps/registryd/successor.h"
#include "base/fd.h"
#include "base/lock_guarded.h"

namespace rha::registryd {

class Predecessor final {
 public:
  // Null: this process was not started by another registryd. Clears the environment. When the other works on another
  // storage, index or address than the settings say, tells it and throws std::runtime_error: a restart can change that,
  // a hand-over cannot.
  static std::unique_ptr<Predecessor> take(const CommonGround& ground);

  explicit Predecessor(base::Fd socket);

  // This process serves.
  void ready();
  // Returns when this one is the service's main process. Throws std::runtime_error when the other gave up waiting, or
  // does not answer in time.
  void waitForConfirmation(std::chrono::milliseconds patience);

  // Whether it has ended: what it wrote is all there.
  [[nodiscard]] bool ended();
  [[nodiscard]] pid_t pid() const { return pid_; }
  // It reads rules and certificates anew, too, for the connections it still has. Returns when it has, or has ended, or
  // after a few seconds.
  void reload();

 private:
  const base::Fd socket_;
  pid_t pid_ = 0;
  std::atomic<bool> ended_ = false;
  struct Asking {};
  base::LockGuarded<Asking> asking_;  // one question at a time
};

}  // namespace rha::registryd
