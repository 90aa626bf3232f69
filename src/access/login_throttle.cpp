#include "access/login_throttle.h"

#include <algorithm>
#include <thread>

namespace rha::access {
namespace {

constexpr std::size_t kLongestAccount = 128;

std::string keyOf(std::string_view address, std::string_view account) {
  return std::string(address) + ' ' + std::string(account.substr(0, kLongestAccount));
}

}  // namespace

LoginThrottle::Turn LoginThrottle::takeTurn(const std::string& key) {
  const Time now = std::chrono::steady_clock::now();
  auto state = state_.lock();
  const auto found = state->records.find(key);
  if (found == state->records.end() || now - found->second.touched > limits_.forgetAfter ||
      found->second.failures < limits_.freeFailures) {
    return {Turn::Kind::Now, now};
  }
  Record& record = found->second;
  const Time at = std::max(now, record.nextTurn);
  const bool mustWait = at > now;
  if (at - now > limits_.patience || (mustWait && state->waiting >= limits_.waiting)) {
    return {Turn::Kind::None, now};
  }
  record.nextTurn = at + limits_.interval;
  state->waiting += mustWait ? 1 : 0;
  return {mustWait ? Turn::Kind::Later : Turn::Kind::Now, at};
}

LoginThrottle::Pass LoginThrottle::enter(std::string_view address, std::string_view account) {
  const Turn turn = takeTurn(keyOf(address, account));
  if (turn.kind == Turn::Kind::None) {
    return Pass();
  }
  if (turn.kind == Turn::Kind::Later) {
    std::this_thread::sleep_until(turn.at);
    --state_.lock()->waiting;
  }
  return slots_.try_acquire_for(limits_.patience) ? Pass(slots_) : Pass();
}

void LoginThrottle::failed(std::string_view address, std::string_view account) {
  const Time now = std::chrono::steady_clock::now();
  auto state = state_.lock();
  makeRoom(*state, limits_.records);
  Record& record = state->records[keyOf(address, account)];
  record.failures = now - record.touched > limits_.forgetAfter ? 1 : record.failures + 1;
  record.touched = now;
}

void LoginThrottle::succeeded(std::string_view address, std::string_view account) {
  state_.lock()->records.erase(keyOf(address, account));
}

void LoginThrottle::makeRoom(State& state, std::size_t most) {
  if (state.records.size() < most) {
    return;
  }
  const auto oldest = std::min_element(state.records.begin(), state.records.end(), [](const auto& a, const auto& b) {
    return a.second.touched < b.second.touched;
  });
  state.records.erase(oldest);
}

}  // namespace rha::access
