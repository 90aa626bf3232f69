// LoginThrottle: how many passwords are checked at a time, and how often for whom.
//
// Checking a password costs milliseconds on purpose, so only a few are checked at once, a few more wait for that, and
// of those only some are of one address. After some wrong passwords for an account from an address, or more of them for
// any accounts from it, further ones from there take turns at an interval: guessing becomes slow, while the right
// password waits a moment and passes, and is not asked here again while the authenticator remembers it.
//
// Owned by AccessControl; outlives snapshots, so that a reload forgives nothing. Thread-safe; enter() blocks for at
// most `patience`. Memory is bounded: the records touched longest ago are forgotten.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/lock_guarded.h"

namespace rha::access {

// Half of the processors: the other half is for those who are let in.
unsigned defaultLoginsAtOnce();

struct LoginLimits {
  unsigned atOnce = defaultLoginsAtOnce();  // passwords being checked
  unsigned waiting = 8;                     // and waiting for it, or for a turn; each holds a worker
  unsigned perAddress = 4;                  // of both together
  unsigned freeFailures = 5;                // for an address and account, before they take turns
  std::chrono::milliseconds interval{250};
  unsigned freeAddressFailures = 20;  // for an address and whatever accounts
  std::chrono::milliseconds addressInterval{100};
  std::chrono::milliseconds patience{2000};
  std::size_t records = 4096;
  std::chrono::minutes forgetAfter{10};
};

class LoginThrottle final {
 public:
  explicit LoginThrottle(const LoginLimits& limits) : limits_(limits) {}
  LoginThrottle(const LoginThrottle&) = delete;
  LoginThrottle& operator=(const LoginThrottle&) = delete;
  ~LoginThrottle() = default;

  // Right to check one password; given back by the destructor. Empty: too many, to be answered with 429.
  class Pass final {
   public:
    Pass() = default;
    Pass(LoginThrottle& throttle, std::string address) : throttle_(&throttle), address_(std::move(address)) {}
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass() {
      if (throttle_ != nullptr) {
        throttle_->leave(address_);
      }
    }
    explicit operator bool() const { return throttle_ != nullptr; }

   private:
    LoginThrottle* throttle_ = nullptr;
    const std::string address_;
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
    // By address and account; by address alone with an empty account.
    std::unordered_map<std::string, Record> records;
    std::unordered_map<std::string, unsigned> inside;  // by address: those being checked or waiting
    unsigned waiting = 0;
    unsigned checking = 0;
  };
  [[nodiscard]] Time turnAfter(const State& state, const std::string& key, unsigned freeFailures, Time now) const;
  void takeTurn(State& state, const std::string& key, unsigned freeFailures, std::chrono::milliseconds interval,
                Time turn) const;
  // Waits for the turn, and then until one more may be checked. False: not before the deadline.
  bool await(State& state, std::unique_lock<std::mutex>& lock, Time turn, Time deadline);
  void countFailure(State& state, const std::string& key, Time now) const;
  static void forgetInside(State& state, const std::string& address);
  void leave(const std::string& address);

  const LoginLimits limits_;
  base::LockGuarded<State> state_;
  std::condition_variable left_;  // of state_: a check ended
};

}  // namespace rha::access
