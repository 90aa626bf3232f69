#include "access/login_throttle.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "access/ip_network.h"

namespace rha::access {
namespace {

constexpr std::size_t kLongestAccount = 128;

std::string keyOf(const std::string& address, std::string_view account) {
  return address + ' ' + std::string(account.substr(0, kLongestAccount));
}

// Who has one address of an IPv6 network has all of its 2^64.
std::string siteOf(std::string_view address) {
  const auto parsed = IpAddress::parse(address);
  return parsed ? parsed->site() : std::string(address);
}

}  // namespace

unsigned defaultLoginsAtOnce() { return std::max(1U, std::thread::hardware_concurrency() / 2); }

LoginThrottle::Time LoginThrottle::turnAfter(const State& state, const std::string& key, unsigned freeFailures,
                                             Time now) const {
  const auto found = state.records.find(key);
  const bool free = found == state.records.end() || now - found->second.touched > limits_.forgetAfter ||
                    found->second.failures < freeFailures;
  return free ? now : std::max(now, found->second.nextTurn);
}

void LoginThrottle::takeTurn(State& state, const std::string& key, unsigned freeFailures,
                             std::chrono::milliseconds interval, Time turn) const {
  const auto found = state.records.find(key);
  if (found != state.records.end() && found->second.failures >= freeFailures) {
    found->second.nextTurn = turn + interval;
  }
}

LoginThrottle::Pass LoginThrottle::enter(std::string_view address, std::string_view account) {
  std::string site = siteOf(address);
  const std::string all = keyOf(site, "");
  const std::string one = keyOf(site, account);
  const Time now = std::chrono::steady_clock::now();
  const Time deadline = now + limits_.patience;
  auto state = state_.lock();
  const Time turn = std::max(turnAfter(*state, all, limits_.freeAddressFailures, now),
                             turnAfter(*state, one, limits_.freeFailures, now));
  const bool mustWait = turn > now || state->checking >= limits_.atOnce;
  const auto inside = state->inside.find(site);
  if (turn > deadline || (mustWait && state->waiting >= limits_.waiting) ||
      (inside != state->inside.end() && inside->second >= limits_.perAddress)) {
    return {};
  }
  ++state->inside[site];
  takeTurn(*state, all, limits_.freeAddressFailures, limits_.addressInterval, turn);
  takeTurn(*state, one, limits_.freeFailures, limits_.interval, turn);
  if (mustWait && !await(*state, state.native(), turn, deadline)) {
    forgetInside(*state, site);
    return {};
  }
  ++state->checking;
  return {*this, std::move(site)};
}

bool LoginThrottle::await(State& state, std::unique_lock<std::mutex>& lock, Time turn, Time deadline) {
  const auto mayCheck = [&] { return std::chrono::steady_clock::now() >= turn && state.checking < limits_.atOnce; };
  ++state.waiting;
  bool may = mayCheck();
  while (!may && std::chrono::steady_clock::now() < deadline) {
    left_.wait_until(lock, std::chrono::steady_clock::now() < turn ? turn : deadline);
    may = mayCheck();
  }
  --state.waiting;
  return may;
}

void LoginThrottle::forgetInside(State& state, const std::string& address) {
  const auto inside = state.inside.find(address);
  if (--inside->second == 0) {
    state.inside.erase(inside);
  }
}

void LoginThrottle::leave(const std::string& address) {
  {
    auto state = state_.lock();
    --state->checking;
    forgetInside(*state, address);
  }
  left_.notify_all();
}

void LoginThrottle::failed(std::string_view address, std::string_view account) {
  const Time now = std::chrono::steady_clock::now();
  const std::string site = siteOf(address);
  auto state = state_.lock();
  countFailure(*state, keyOf(site, ""), now);
  countFailure(*state, keyOf(site, account), now);
}

void LoginThrottle::countFailure(State& state, const std::string& key, Time now) const {
  if (state.records.size() >= limits_.records && !state.records.contains(key)) {
    state.records.erase(std::min_element(state.records.begin(), state.records.end(), [](const auto& a, const auto& b) {
      return a.second.touched < b.second.touched;
    }));
  }
  Record& record = state.records[key];
  record.failures = now - record.touched > limits_.forgetAfter ? 1 : record.failures + 1;
  record.touched = now;
}

// What others failed at from there is not forgiven.
void LoginThrottle::succeeded(std::string_view address, std::string_view account) {
  state_.lock()->records.erase(keyOf(siteOf(address), account));
}

}  // namespace rha::access
