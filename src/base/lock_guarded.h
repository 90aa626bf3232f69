// LockGuarded<T>: a value that can be reached only through its lock, so that it is clear what the lock protects.
//
//   LockGuarded<std::map<…>> sessions_;
//   sessions_.lock()->erase(id);
//
// Hold the returned handle for a moment only: no I/O, callback or log call while it lives.
#pragma once

#include <mutex>
#include <utility>

namespace rha::base {

template <typename T>
class LockGuarded final {
 public:
  template <typename... Args>
  explicit LockGuarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  class Handle final {
   public:
    Handle(std::mutex& mutex, T& value) : lock_(mutex), value_(value) {}
    T* operator->() { return &value_; }
    T& operator*() { return value_; }
    // For std::condition_variable.
    std::unique_lock<std::mutex>& native() { return lock_; }

   private:
    std::unique_lock<std::mutex> lock_;
    T& value_;
  };

  [[nodiscard]] Handle lock() { return Handle(mutex_, value_); }

 private:
  std::mutex mutex_;
  T value_;
};

}  // namespace rha::base
