// Authenticator: whether a password is an account's.
//
// Checked passwords are remembered in memory only, under an HMAC with a key made for this object; it belongs to one
// snapshot of access.yaml and dies with it, so a revoked password ends with the reload. An unknown account costs as
// much as a known one. Thread-safe; verify() blocks for the hash and for the throttle.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "access/access_document.h"
#include "access/login_throttle.h"
#include "base/lock_guarded.h"

namespace rha::access {

class Authenticator final {
 public:
  enum class Outcome : std::uint8_t { Right, Wrong, TooMany };

  // `throttle` is borrowed.
  Authenticator(const std::vector<Account>& accounts, LoginThrottle& throttle);

  Outcome verify(std::string_view account, std::string_view password, std::string_view address) const;
  // What verify() found before; nullopt if it is not remembered. Does not block.
  [[nodiscard]] std::optional<Outcome> recall(std::string_view account, std::string_view password) const;

 private:
  [[nodiscard]] std::string keyOf(std::string_view account, std::string_view password) const;
  [[nodiscard]] std::optional<Outcome> recall(const std::string& key) const;
  [[nodiscard]] bool matches(std::string_view account, std::string_view password) const;

  std::map<std::string, std::vector<std::string>, std::less<>> hashes_;
  std::vector<std::string> decoy_;  // checked for unknown accounts
  std::string key_;
  LoginThrottle& throttle_;
  struct Remembered {
    std::unordered_set<std::string> right;
    std::unordered_set<std::string> wrong;  // a client with an old password tries it again and again
  };
  mutable base::LockGuarded<Remembered> remembered_;
};

struct Credentials {
  std::string account;
  std::string password;
};

// Of an Authorization field's value; nullopt if it is no Basic one or malformed.
std::optional<Credentials> parseBasic(std::string_view authorization);

}  // namespace rha::access
