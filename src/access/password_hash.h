// Password hashes: the crypt(3) schemes of today, and $apr1$ as old htpasswd files have it.
//
//   $y$…  yescrypt      $2b$ $2a$ $2y$…  bcrypt      $6$… SHA-512      $5$… SHA-256      $apr1$…  Apache's MD5
//
// Pure functions; thread-safe. The comparison takes the same time wherever the difference lies.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rha::access {

// What is wrong with a hash, for the operator (never the hash itself), or nullopt. A hash that would cost seconds to
// check is refused: it would let anybody keep the processors busy.
std::optional<std::string> hashFault(std::string_view hash);

// What decides how long a check takes: scheme and cost parameters, "$6$rounds=5000" or "$2b$12". Checks of two hashes
// with the same text here take the same time. Precondition: hashFault() has nothing to complain of.
std::string hashCost(std::string_view hash);

// Whether `password` is the one of `hash`. Costs what the scheme costs (milliseconds to a second); false for a hash
// that hashFault() complains about, and for a password with a NUL byte or of more than 511 bytes.
bool passwordMatches(std::string_view password, const std::string& hash);

}  // namespace rha::access
