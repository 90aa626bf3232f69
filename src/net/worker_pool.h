// WorkerPool: a bounded pool of threads ("serve-00" …) that run what may block.
//
// Owned by the Server. submit() from any thread; start() and stop() from the owner's, once each.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "base/lock_guarded.h"

namespace rha::net {

// Something to run; linked into the queue itself, so queueing allocates nothing and cannot fail. In the queue once at
// most.
class WorkerTask {
 public:
  WorkerTask() = default;
  WorkerTask(const WorkerTask&) = delete;
  WorkerTask& operator=(const WorkerTask&) = delete;
  virtual ~WorkerTask() = default;
  virtual void run() noexcept = 0;

 private:
  friend class WorkerPool;
  WorkerTask* nextTask_ = nullptr;
};

// New work is refused when the queue is full; the continuation of what was once accepted never is.
enum class Admission : std::uint8_t { New, Continuation };

class WorkerPool final {
 public:
  // `queued` (borrowed) always holds the length of the queue, for the metrics.
  WorkerPool(std::uint64_t threads, std::uint64_t queueLimit, std::atomic<std::uint64_t>& queued)
      : threadCount_(threads), queueLimit_(queueLimit), queued_(queued) {}
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool() { stop(); }

  void start();
  // Runs what is queued to its end, then joins.
  void stop();
  // Borrows `task` until its run() began. False: the queue is full.
  [[nodiscard]] bool submit(WorkerTask& task, Admission admission);

 private:
  struct Sleeper {
    std::condition_variable wakeUp;
    bool woken = false;
  };
  struct Queue {
    WorkerTask* first = nullptr;
    WorkerTask* last = nullptr;
    std::uint64_t length = 0;
    std::vector<Sleeper*> idle;  // the last to fall asleep is woken first: its cache is still warm
    bool stopping = false;
  };
  void work(Sleeper& self);

  const std::uint64_t threadCount_;
  const std::uint64_t queueLimit_;
  base::LockGuarded<Queue> queue_;
  std::atomic<std::uint64_t>& queued_;
  std::vector<std::unique_ptr<Sleeper>>
      sleepers_;  // one per thread; outlive the threads, for submit() may be notifying
  std::vector<std::thread> threads_;
};

}  // namespace rha::net
