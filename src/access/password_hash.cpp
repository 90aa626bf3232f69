#include "access/password_hash.h"

#include <apr_md5.h>
#include <crypt.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "base/secret.h"
#include "base/text.h"

namespace rha::access {
namespace {

constexpr std::size_t kLongestPassword = CRYPT_MAX_PASSPHRASE_SIZE - 1;
constexpr std::uint64_t kMostRounds = 1'000'000;  // of SHA-crypt: about half a second
constexpr std::uint64_t kMostBcryptCost = 14;     // about a second
constexpr std::uint64_t kMostYescryptBytes = 128 * 1024 * 1024;
constexpr std::string_view kRounds = "rounds=";
constexpr std::string_view kDefaultRounds = "rounds=5000";

struct Scheme {
  std::string_view prefix;
  std::size_t digestLength;  // of the text after the last '$'
};

constexpr std::array kSchemes = {
    Scheme{"$6$", 86},  Scheme{"$5$", 43},  Scheme{"$y$", 43},    Scheme{"$2b$", 53},
    Scheme{"$2a$", 53}, Scheme{"$2y$", 53}, Scheme{"$apr1$", 22},
};

const Scheme* schemeOf(std::string_view hash) {
  for (const Scheme& scheme : kSchemes) {
    if (hash.starts_with(scheme.prefix)) {
      return &scheme;
    }
  }
  return nullptr;
}

bool isHashCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '/' ||
         c == '$' || c == '=';
}

// The cost parameter, if the hash says one; for schemes without it, what stands there is the salt.
std::string_view parameterOf(const Scheme& scheme, std::string_view hash) {
  const std::string_view rest = hash.substr(scheme.prefix.size());
  return rest.substr(0, rest.find('$'));
}

// "j9T": flavour, logarithm of N, r; each one character of crypt's alphabet, from 1. Memory is 128 * N * r bytes, and
// time follows it. Longer parameters (more passes, more lanes) nobody's tools make.
bool isYescryptTooDear(std::string_view parameter) {
  constexpr std::string_view kAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  if (parameter.size() != 3) {
    return true;
  }
  const auto log2N = kAlphabet.find(parameter[1]) + 1;
  const auto r = kAlphabet.find(parameter[2]) + 1;
  return log2N > 20 || (std::uint64_t{128} << log2N) * r > kMostYescryptBytes;
}

// Whether the parameters after the prefix make it too dear.
bool isTooDear(const Scheme& scheme, std::string_view hash) {
  const std::string_view parameter = parameterOf(scheme, hash);
  if (scheme.prefix.starts_with("$2")) {
    return base::parseUnsigned(parameter).value_or(kMostBcryptCost + 1) > kMostBcryptCost;
  }
  if (scheme.prefix == "$y$") {
    return isYescryptTooDear(parameter);
  }
  return parameter.starts_with(kRounds) &&
         base::parseUnsigned(parameter.substr(kRounds.size())).value_or(kMostRounds + 1) > kMostRounds;
}

bool aprMatches(const std::string& password, const std::string& hash) {
  std::array<char, 120> made{};
  return apr_md5_encode(password.c_str(), hash.c_str(), made.data(), made.size()) == APR_SUCCESS &&
         base::equalConstantTime(made.data(), hash);
}

bool cryptMatches(const std::string& password, const std::string& hash) {
  // 32 KiB: too much for the stack of a worker.
  const auto data = std::make_unique<crypt_data>();
  const char* made = ::crypt_r(password.c_str(), hash.c_str(), data.get());
  const bool matches = made != nullptr && base::equalConstantTime(made, hash);
  ::explicit_bzero(data.get(), sizeof *data);
  return matches;
}

}  // namespace

std::optional<std::string> hashFault(std::string_view hash) {
  const Scheme* scheme = schemeOf(hash);
  if (scheme == nullptr) {
    return "is no password hash of a known scheme ($y$, $2b$, $6$, $5$ or $apr1$; make one with: mkpasswd -m yescrypt)";
  }
  if (!std::all_of(hash.begin(), hash.end(), isHashCharacter)) {
    return "has a character that no password hash has";
  }
  if (hash.size() - 1 - hash.rfind('$') != scheme->digestLength) {
    return "is a password hash that was cut off or has something appended";
  }
  if (isTooDear(*scheme, hash)) {
    return "is a password hash that costs too much to check (at most rounds=1000000, bcrypt cost 14, yescrypt cost 8)";
  }
  if (scheme->prefix != "$apr1$" && ::crypt_checksalt(std::string(hash).c_str()) == CRYPT_SALT_INVALID) {
    return "is no valid password hash";
  }
  return std::nullopt;
}

std::string hashCost(std::string_view hash) {
  const Scheme* scheme = schemeOf(hash);
  if (scheme == nullptr) {
    return "";
  }
  const std::string_view parameter = parameterOf(*scheme, hash);
  const bool isShaCrypt = scheme->prefix == "$6$" || scheme->prefix == "$5$";
  if (isShaCrypt) {
    return std::string(scheme->prefix).append(parameter.starts_with(kRounds) ? parameter : kDefaultRounds);
  }
  return std::string(scheme->prefix).append(scheme->prefix == "$apr1$" ? "" : parameter);
}

bool passwordMatches(std::string_view password, const std::string& hash) {
  if (password.size() > kLongestPassword || password.find('\0') != std::string_view::npos || hashFault(hash)) {
    return false;
  }
  std::string terminated(password);
  const bool matches = hash.starts_with("$apr1$") ? aprMatches(terminated, hash) : cryptMatches(terminated, hash);
  ::explicit_bzero(terminated.data(), terminated.size());
  return matches;
}

}  // namespace rha::access
