// FillPool: a fixed number of threads ("fill-N") that fetch blobs into the cache.
//
// Owned by CachingDriver. There is no queue: what no thread is free for is not run. start() and stop() from one
// thread; tryRun() from any. A task must not throw.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#include "base/lock_guarded.h"

namespace rha::storage {

class FillPool final {
 public:
  using Task = std::function<void()>;

  FillPool() = default;
  FillPool(const FillPool&) = delete;
  FillPool& operator=(const FillPool&) = delete;
  ~FillPool() { stop(); }

  void start(std::size_t threads);
  // Waits for the tasks that run. Idempotent.
  void stop();
  // False: no thread is free, and `task` was not taken.
  [[nodiscard]] bool tryRun(Task task);

 private:
  struct State {
    std::vector<Task> tasks;  // never more than `idle`
    std::size_t idle = 0;
    bool stopping = false;
  };
  void work();

  base::LockGuarded<State> state_;
  std::condition_variable wake_;  // of state_
  std::vector<std::thread> threads_;
};

}  // namespace rha::storage
