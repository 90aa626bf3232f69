#include "base/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <stdexcept>

#include "base/error.h"
#include "base/text.h"

namespace rha::base {

Secret::~Secret() {
  // A string moved from, or shortened, keeps old characters behind its end: wipe the whole buffer.
  text_.resize(text_.capacity());
  OPENSSL_cleanse(text_.data(), text_.size());
}

Secret& Secret::operator=(const Secret& other) {
  Secret copy(other);
  text_.swap(copy.text_);
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  Secret taken(std::move(other));
  text_.swap(taken.text_);
  return *this;
}

bool equalConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

std::string hmacSha256(std::string_view key, std::string_view message) {
  std::array<unsigned char, 32> out{};
  unsigned length = 0;
  const void* keyBytes = key.empty() ? "" : key.data();  // OpenSSL takes a null key for "the key of last time"
  const unsigned char* result =
      HMAC(EVP_sha256(), keyBytes, static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
           message.size(), out.data(), &length);
  if (result == nullptr || length != out.size()) {
    throw std::runtime_error("cannot compute HMAC-SHA-256: OpenSSL refuses it");
  }
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

std::string randomBytes(std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got = ::getrandom(bytes.data() + done, count - done, 0);
    if (got >= 0) {
      done += static_cast<std::size_t>(got);
    } else if (errno != EINTR) {
      throwErrno("cannot get random bytes from the kernel", "");
    }
  }
  return bytes;
}

std::string randomUuid() {
  std::string bytes = randomBytes(16);
  bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0fU) | 0x40U);  // version 4
  bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3fU) | 0x80U);  // variant of RFC 4122
  std::string text = toHex(bytes);
  for (const std::size_t position : {20U, 16U, 12U, 8U}) {
    text.insert(position, 1, '-');
  }
  return text;
}

}  // namespace rha::base
