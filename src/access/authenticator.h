// Authenticator: whether a password is an account's.
//
// Checked passwords are remembered in memory only, under an HMAC with a key made for this object; it belongs to one
// snapshot of access.yaml and dies with it, so a revoked password ends with the reload. Thread-safe; verify() blocks
// for the hash and for the throttle; several that ask the same at once wait for one check, which those two bound.
//
// How long a check takes says nothing about the account: each is made of the account's own hashes and of others, whose
// outcome is ignored, so that every check, also that of an unknown account, works through hashes of the same schemes
// and costs. With two schemes in the file a check costs both; during a rotation, two hashes.
#pragma once

#include <condition_variable>
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
  // What is worked through for an account.
  struct Checks {
    std::vector<std::string> own;
    std::vector<std::string> fillers;
  };
  using CostProfile = std::map<std::string, std::vector<std::string>>;  // by cost: hashes, as many as any account has

  static CostProfile profileOf(const std::vector<Account>& accounts);
  static std::vector<std::string> fillersFor(const std::vector<std::string>& own, const CostProfile& profile);
  [[nodiscard]] bool matches(std::string_view account, std::string_view password) const;
  // Waits for another thread's check of the same; then, or if there is none, what is known. nullopt: it is this
  // thread's turn to check, and to settle() it.
  [[nodiscard]] std::optional<Outcome> claim(const std::string& key) const;
  void settle(const std::string& key, Outcome outcome) const;

  std::map<std::string, Checks, std::less<>> checks_;
  Checks unknown_;
  std::string key_;
  LoginThrottle& throttle_;
  struct Remembered {
    std::unordered_set<std::string> right;
    std::unordered_set<std::string> wrong;  // a client with an old password tries it again and again
    std::unordered_set<std::string> inCheck;
    [[nodiscard]] std::optional<Outcome> find(const std::string& key) const;
  };
  mutable base::LockGuarded<Remembered> remembered_;
  mutable std::condition_variable settled_;  // of remembered_: a check ended
};

struct Credentials {
  std::string account;
  std::string password;
};

// Of an Authorization field's value; nullopt if it is no Basic one or malformed.
std::optional<Credentials> parseBasic(std::string_view authorization);

}  // namespace rha::access
