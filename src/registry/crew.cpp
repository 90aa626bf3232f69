#include "registry/crew.h"

#include <utility>

namespace rha::registry {

Crew::Crew(unsigned threads) {
  threads_.reserve(threads);
  for (unsigned worker = 0; worker < threads; ++worker) {
    threads_.emplace_back([this, worker] { serve(worker); });
  }
}

Crew::~Crew() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    line_.clear();
  }
  toDo_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void Crew::give(Task task) {
  if (threads_.empty()) {
    task(0);
    return;
  }
  {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return line_.size() < threads_.size(); });
    rethrow(lock);
    line_.push_back(std::move(task));
  }
  toDo_.notify_one();
}

void Crew::finish() {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return line_.empty() && running_ == 0; });
  rethrow(lock);
}

void Crew::each(std::size_t count, const std::function<void(std::size_t)>& work) {
  for (std::size_t i = 0; i < count; ++i) {
    give([&work, i](unsigned) { work(i); });
  }
  finish();
}

// Throws what a task threw, once nothing runs that could refer to what the caller is about to unwind.
void Crew::rethrow(std::unique_lock<std::mutex>& lock) {
  if (error_) {
    done_.wait(lock, [this] { return running_ == 0; });
    std::rethrow_exception(std::exchange(error_, nullptr));
  }
}

void Crew::serve(unsigned worker) {
  std::unique_lock lock(mutex_);
  for (;;) {
    toDo_.wait(lock, [this] { return ending_ || !line_.empty(); });
    if (ending_) {
      return;
    }
    const Task task = std::move(line_.front());
    line_.pop_front();
    ++running_;
    lock.unlock();
    std::exception_ptr error;
    try {
      task(worker);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    --running_;
    if (error && !error_) {
      error_ = error;
      line_.clear();
    }
    done_.notify_all();
  }
}

}  // namespace rha::registry
