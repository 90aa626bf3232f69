// KeyedMutex: turns by key: writers of one repository wait for one another, those of different ones seldom do.
//
// A fixed number of mutexes, chosen by the key's hash. Unlike other locks it is held across I/O: that is its purpose,
// so only request threads take it, and never two at once.
#pragma once

#include <array>
#include <functional>
#include <mutex>
#include <string_view>

namespace rha::registry {

class KeyedMutex final {
 public:
  [[nodiscard]] std::unique_lock<std::mutex> lock(std::string_view key) {
    return std::unique_lock(mutexes_[std::hash<std::string_view>{}(key) % mutexes_.size()]);
  }

 private:
  std::array<std::mutex, 256> mutexes_;
};

}  // namespace rha::registry
