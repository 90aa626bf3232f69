// LoginThrottle: how many passwords are checked at a time, and how often for whom.
//
// Checking a password costs milliseconds on purpose, so only a few are checked at once. After some wrong passwords for
// an account from an address, further ones from there take turns at an interval: guessing becomes slow, while the right
// password waits a moment and passes, and is not asked here again while the authenticator remembers it.
//
// Owned by AccessControl; outlives snapshots, so that a reload forgives nothing. Thread-safe; enter() blocks for at
// most `patience` twice. Memory is bounded: the records touched longest ago are forgotten.
#pragma once

#include <chrono>
#include <cstdint>
#include <semaphore>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/lock_guarded.h"

namespace rha::access {

struct LoginLimits {
  unsigned atOnce = 2;        // passwords being checked
  unsigned freeFailures = 5;  // for an address and account, before they take turns
  std::chrono::milliseconds interval{250};
  std::chrono::milliseconds patience{2000};
  unsigned waiting = 4;  // who may wait for a turn; each holds a worker
  std::size_t records = 4096;
  std::chrono::minutes forgetAfter{10};
};

class LoginThrottle final {
 public:
  explicit LoginThrottle(const LoginLimits& limits)
      : limits_(limits), slots_(static_cast<std::ptrdiff_t>(limits.atOnce)) {}

  // Right to check one password; given back by the destructor. Empty: too many, to be answered with 429.
  class Pass final {
   public:
    Pass() = default;
    explicit Pass(std::counting_semaphore<>& slots) : slots_(&slots) {}
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass() {
      if (slots_ != nullptr) {
        slots_->release();
      }
    }
    explicit operator bool() const { return slots_ != nullptr; }

   private:
    std::counting_semaphore<>* slots_ = nullptr;
  };

  Pass enter(std::string_view address, std::string_view account);
  void failed(std::string_view address, std::string_view account);
  void succeeded(std::string_view address, std::string_view account);

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Record {
    std::uint64_t failures = 0;
    Time nextTurn;
    Time touched;
  };
  struct State {
    std::unordered_map<std::string, Record> records;
    unsigned waiting = 0;
  };
  static void makeRoom(State& state, std::size_t most);
  struct Turn {
    enum class Kind : std::uint8_t { Now, Later, None };
    Kind kind = Kind::None;
    Time at;
  };
  Turn takeTurn(const std::string& key);

  const LoginLimits limits_;
  std::counting_semaphore<> slots_;
  base::LockGuarded<State> state_;
};

}  // namespace rha::access
