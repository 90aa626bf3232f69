// KeyedMutex: turns by key: writers of one repository wait for one another, those of different ones seldom do.
//
// A fixed number of mutexes, chosen by the key's hash. Unlike other locks it is held across I/O: that is its purpose,
// so only request threads take it, and never two at once. With ProcessLocks the turns are taken between processes too,
// at the places 0 to 255; then lock() throws base::IoError.
#pragma once

#include <array>
#include <mutex>
#include <string_view>
#include <utility>

#include "registry/process_locks.h"

namespace rha::registry {

class KeyedMutex final {
 public:
  // Ends with the object.
  class Turn final {
   public:
    Turn() = default;  // nobody's
    Turn(std::unique_lock<std::mutex> lock, ProcessLocks::Held held) : lock_(std::move(lock)), held_(std::move(held)) {}

   private:
    std::unique_lock<std::mutex> lock_;
    ProcessLocks::Held held_;  // let go first
  };

  // `locks` is borrowed; null: this process is the only one.
  explicit KeyedMutex(const ProcessLocks* locks = nullptr) : locks_(locks) {}

  [[nodiscard]] Turn lock(std::string_view key) {
    const std::uint64_t place = ProcessLocks::placeOf(key) % mutexes_.size();
    std::unique_lock lock(mutexes_[place]);
    ProcessLocks::Held held = locks_ != nullptr ? locks_->wait(place) : ProcessLocks::Held();
    return {std::move(lock), std::move(held)};
  }

 private:
  const ProcessLocks* locks_;
  std::array<std::mutex, 256> mutexes_;
};

}  // namespace rha::registry
