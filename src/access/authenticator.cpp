#include "access/authenticator.h"

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
    : decoy_{accounts.empty() ? std::vector<std::string>{kDecoy} : accounts.front().passwordHashes},
      key_(base::randomBytes(kKeyBytes)),
      throttle_(throttle) {
  for (const Account& account : accounts) {
    hashes_.emplace(account.name, account.passwordHashes);
  }
}

std::string Authenticator::keyOf(std::string_view account, std::string_view password) const {
  return base::hmacSha256(key_, std::string(account) + '\0' + std::string(password));
}

std::optional<Authenticator::Outcome> Authenticator::recall(const std::string& key) const {
  auto remembered = remembered_.lock();
  if (remembered->right.contains(key)) {
    return Outcome::Right;
  }
  return remembered->wrong.contains(key) ? std::optional(Outcome::Wrong) : std::nullopt;
}

std::optional<Authenticator::Outcome> Authenticator::recall(std::string_view account, std::string_view password) const {
  return recall(keyOf(account, password));
}

Authenticator::Outcome Authenticator::verify(std::string_view account, std::string_view password,
                                             std::string_view address) const {
  const std::string key = keyOf(account, password);
  if (const auto known = recall(key)) {
    return *known;
  }
  const auto pass = throttle_.enter(address, account);
  if (!pass) {
    return Outcome::TooMany;
  }
  const bool right = matches(account, password);
  {
    auto remembered = remembered_.lock();
    remember(right ? remembered->right : remembered->wrong, key);
  }
  if (right) {
    throttle_.succeeded(address, account);
  } else {
    throttle_.failed(address, account);
  }
  return right ? Outcome::Right : Outcome::Wrong;
}

bool Authenticator::matches(std::string_view account, std::string_view password) const {
  const auto found = hashes_.find(account);
  const bool known = found != hashes_.end();
  bool right = false;
  for (const std::string& hash : known ? found->second : decoy_) {
    // All of them, so that the time does not say which one it was.
    right = passwordMatches(password, hash) || right;
  }
  return known && right;
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
