// JwsKey: a P-256 key that signs schema 1 manifests as the old registry did (JSON Web Signatures, ES256, RFC 7515).
//
// Nobody verifies who signed one, so the key lives as long as the process. Thread-safe to use after generate().
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace rha::registry {

class JwsKey final {
 public:
  // Makes a fresh key. Throws std::runtime_error if OpenSSL cannot.
  static JwsKey generate();

  // The public key as a JSON Web Key object (RFC 7517) with libtrust's key identifier.
  [[nodiscard]] const std::string& publicJwk() const { return publicJwk_; }
  // The 64 bytes of the ES256 signature of `message`. Throws std::runtime_error if OpenSSL fails.
  [[nodiscard]] std::string sign(std::string_view message) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  using Key = std::unique_ptr<evp_pkey_st, Free>;
  explicit JwsKey(Key key);

  Key key_;
  std::string publicJwk_;
};

}  // namespace rha::registry
