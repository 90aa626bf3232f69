#include "net/worker_pool.h"

#include <pthread.h>

#include <cstdio>

namespace rha::net {

void WorkerPool::start() {
  threads_.reserve(threadCount_);
  queue_.lock()->idle.reserve(threadCount_);
  for (std::uint64_t i = 0; i < threadCount_; ++i) {
    sleepers_.push_back(std::make_unique<Sleeper>());
  }
  for (std::uint64_t i = 0; i < threadCount_; ++i) {
    threads_.emplace_back([this, i] {
      char name[16];
      std::snprintf(name, sizeof name, "serve-%02u", static_cast<unsigned>(i % 1000));
      pthread_setname_np(pthread_self(), name);
      work(*sleepers_[i]);
    });
  }
}

void WorkerPool::stop() {
  {
    auto queue = queue_.lock();
    queue->stopping = true;
    for (Sleeper* sleeper : queue->idle) {
      sleeper->woken = true;
      sleeper->wakeUp.notify_one();
    }
    queue->idle.clear();
  }
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

bool WorkerPool::submit(WorkerTask& task, Admission admission) {
  Sleeper* sleeper = nullptr;
  {
    auto queue = queue_.lock();
    if (admission == Admission::New && queue->length >= queueLimit_) {
      return false;
    }
    task.nextTask_ = nullptr;
    (queue->first == nullptr ? queue->first : queue->last->nextTask_) = &task;
    queue->last = &task;
    queued_.store(++queue->length, std::memory_order_relaxed);
    if (!queue->idle.empty()) {
      sleeper = queue->idle.back();
      queue->idle.pop_back();
      sleeper->woken = true;
    }
  }
  if (sleeper != nullptr) {
    sleeper->wakeUp.notify_one();
  }
  return true;
}

void WorkerPool::work(Sleeper& self) {
  for (;;) {
    WorkerTask* task = nullptr;
    {
      auto queue = queue_.lock();
      while (queue->first == nullptr) {
        if (queue->stopping) {
          return;
        }
        self.woken = false;
        queue->idle.push_back(&self);
        self.wakeUp.wait(queue.native(), [&self] { return self.woken; });
      }
      task = queue->first;
      queue->first = task->nextTask_;
      queued_.store(--queue->length, std::memory_order_relaxed);
    }
    task->run();
  }
}

}  // namespace rha::net
