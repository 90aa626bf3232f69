#include "access/authenticator.h"

#include <algorithm>

#include "access/password_hash.h"
#include "base/secret.h"
#include "base/text.h"

namespace rha::access {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kMostRemembered = 10'000;
// Of no password, for a registry without accounts.
constexpr const char* kDecoy =
    "$6$rounds=5000$decoydecoydecoyd$"
    "......................................................................................";

void remember(std::unordered_set<std::string>& set, const std::string& key) {
  if (set.size() >= kMostRemembered) {
    set.clear();
  }
  set.insert(key);
}

}  // namespace

Authenticator::Authenticator(const std::vector<Account>& accounts, LoginThrottle& throttle)
    : key_(base::randomBytes(kKeyBytes)), throttle_(throttle) {
  const CostProfile profile = profileOf(accounts);
  for (const Account& account : accounts) {
    checks_.emplace(account.name, Checks{account.passwordHashes, fillersFor(account.passwordHashes, profile)});
  }
  unknown_.fillers = fillersFor({}, profile);
}

Authenticator::CostProfile Authenticator::profileOf(const std::vector<Account>& accounts) {
  CostProfile profile;
  for (const Account& account : accounts) {
    CostProfile own;
    for (const std::string& hash : account.passwordHashes) {
      own[hashCost(hash)].push_back(hash);
    }
    for (auto& [cost, hashes] : own) {
      auto& most = profile[cost];
      if (hashes.size() > most.size()) {
        most = std::move(hashes);
      }
    }
  }
  return profile.empty() ? CostProfile{{"", {kDecoy}}} : profile;
}

std::vector<std::string> Authenticator::fillersFor(const std::vector<std::string>& own, const CostProfile& profile) {
  std::map<std::string, std::size_t> counts;
  for (const std::string& hash : own) {
    ++counts[hashCost(hash)];
  }
  std::vector<std::string> fillers;
  for (const auto& [cost, hashes] : profile) {
    const auto missing = static_cast<std::ptrdiff_t>(hashes.size() - std::min(counts[cost], hashes.size()));
    fillers.insert(fillers.end(), hashes.begin(), hashes.begin() + missing);
  }
  return fillers;
}

std::string Authenticator::keyOf(std::string_view account, std::string_view password) const {
  return base::hmacSha256(key_, std::string(account) + '\0' + std::string(password));
}

std::optional<Authenticator::Outcome> Authenticator::Remembered::find(const std::string& key) const {
  if (right.contains(key)) {
    return Outcome::Right;
  }
  return wrong.contains(key) ? std::optional(Outcome::Wrong) : std::nullopt;
}

std::optional<Authenticator::Outcome> Authenticator::recall(std::string_view account, std::string_view password) const {
  return remembered_.lock()->find(keyOf(account, password));
}

std::optional<Authenticator::Outcome> Authenticator::claim(const std::string& key) const {
  auto remembered = remembered_.lock();
  if (auto known = remembered->find(key)) {
    return known;
  }
  if (remembered->inCheck.insert(key).second) {
    return std::nullopt;
  }
  settled_.wait(remembered.native(), [&] { return !remembered->inCheck.contains(key); });
  return remembered->find(key).value_or(Outcome::TooMany);  // as the one that was waited for
}

void Authenticator::settle(const std::string& key, Outcome outcome) const {
  {
    auto remembered = remembered_.lock();
    remembered->inCheck.erase(key);
    if (outcome != Outcome::TooMany) {
      remember(outcome == Outcome::Right ? remembered->right : remembered->wrong, key);
    }
  }
  settled_.notify_all();
}

Authenticator::Outcome Authenticator::verify(std::string_view account, std::string_view password,
                                             std::string_view address) const {
  const std::string key = keyOf(account, password);
  if (const auto known = claim(key)) {
    return *known;
  }
  Outcome outcome = Outcome::TooMany;
  try {
    if (const auto pass = throttle_.enter(address, account)) {
      outcome = matches(account, password) ? Outcome::Right : Outcome::Wrong;
    }
  } catch (...) {
    settle(key, Outcome::TooMany);
    throw;
  }
  settle(key, outcome);
  if (outcome == Outcome::Right) {
    throttle_.succeeded(address, account);
  } else if (outcome == Outcome::Wrong) {
    throttle_.failed(address, account);
  }
  return outcome;
}

bool Authenticator::matches(std::string_view account, std::string_view password) const {
  const auto found = checks_.find(account);
  const Checks& checks = found != checks_.end() ? found->second : unknown_;
  bool right = false;
  for (const std::string& hash : checks.own) {
    // All of them, so that the time does not say which one it was.
    right = passwordMatches(password, hash) || right;
  }
  for (const std::string& hash : checks.fillers) {
    static_cast<void>(passwordMatches(password, hash));
  }
  return right;
}

std::optional<Credentials> parseBasic(std::string_view authorization) {
  constexpr std::string_view kScheme = "Basic ";
  if (!base::equalIgnoringCase(authorization.substr(0, kScheme.size()), kScheme)) {
    return std::nullopt;
  }
  const auto text = base::fromBase64(base::trim(authorization.substr(kScheme.size())));
  const std::size_t colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos || colon == 0) {
    return std::nullopt;
  }
  return Credentials{text->substr(0, colon), text->substr(colon + 1)};
}

}  // namespace rha::access
