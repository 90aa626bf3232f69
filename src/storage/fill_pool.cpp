#include "storage/fill_pool.h"

#include <pthread.h>

#include <string>
#include <utility>

namespace rha::storage {

void FillPool::start(std::size_t threads) {
  {
    auto state = state_.lock();
    state->idle = threads;
    state->stopping = false;
  }
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, i] {
      const std::string name = "fill-" + std::to_string(i);
      ::pthread_setname_np(::pthread_self(), name.c_str());
      work();
    });
  }
}

void FillPool::stop() {
  state_.lock()->stopping = true;
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

bool FillPool::tryRun(Task task) {
  {
    auto state = state_.lock();
    if (state->stopping || state->idle == 0) {
      return false;
    }
    --state->idle;
    state->tasks.push_back(std::move(task));
  }
  wake_.notify_one();
  return true;
}

// A task that was taken is run even when the pool stops: somebody may wait for what it does.
void FillPool::work() {
  while (true) {
    Task task;
    {
      auto state = state_.lock();
      wake_.wait(state.native(), [&] { return state->stopping || !state->tasks.empty(); });
      if (state->tasks.empty()) {
        return;
      }
      task = std::move(state->tasks.back());
      state->tasks.pop_back();
    }
    task();
    task = nullptr;
    ++state_.lock()->idle;
  }
}

}  // namespace rha::storage
