#include "net/worker_pool.h"

#include <pthread.h>

#include <cstdio>

namespace rha::net {

void WorkerPool::start() {
  threads_.reserve(threadCount_);
  for (std::uint64_t i = 0; i < threadCount_; ++i) {
    threads_.emplace_back([this, i] {
      char name[16];
      std::snprintf(name, sizeof name, "serve-%02u", static_cast<unsigned>(i % 1000));
      pthread_setname_np(pthread_self(), name);
      work();
    });
  }
}

void WorkerPool::stop() {
  queue_.lock()->stopping = true;
  wakeUp_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

bool WorkerPool::submit(WorkerTask& task, Admission admission) {
  bool wake = false;
  {
    auto queue = queue_.lock();
    if (admission == Admission::New && queue->length >= queueLimit_) {
      return false;
    }
    task.nextTask_ = nullptr;
    (queue->first == nullptr ? queue->first : queue->last->nextTask_) = &task;
    queue->last = &task;
    queued_.store(++queue->length, std::memory_order_relaxed);
    wake = queue->idle > 0;
  }
  if (wake) {
    wakeUp_.notify_one();
  }
  return true;
}

void WorkerPool::work() {
  for (;;) {
    WorkerTask* task = nullptr;
    {
      auto queue = queue_.lock();
      while (queue->first == nullptr) {
        if (queue->stopping) {
          return;
        }
        ++queue->idle;
        wakeUp_.wait(queue.native());
        --queue->idle;
      }
      task = queue->first;
      queue->first = task->nextTask_;
      queued_.store(--queue->length, std::memory_order_relaxed);
    }
    task->run();
  }
}

}  // namespace rha::net
