// TestAuthority: a certificate authority for tests. Keys and certificates are made when they are needed, so that none
// lies in the repository and none expires.
//
// One thread. Throws std::runtime_error when OpenSSL fails.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "net/openssl.h"
#include "net/tls.h"

namespace rha::test {

struct CertificateWish {
  std::vector<std::string> names = {};  // subjectAltName; the first is the common name too
  std::chrono::seconds validFrom{-3600};
  std::chrono::seconds validUntil{30 * 24 * 3600};
  bool onlyCommonName = false;
  int rsaBits = 0;  // 0: an elliptic curve's key, which is made faster
};

class TestAuthority final {
 public:
  TestAuthority();
  // Writes NAME.crt and NAME.key (mode 0600) into the folder, replacing what is there.
  net::CertificateFiles write(const std::filesystem::path& folder, const std::string& name,
                              const CertificateWish& wish) const;
  // The authority's own certificate in PEM.
  [[nodiscard]] std::string pem() const;

 private:
  net::PrivateKeyPtr key_;
  net::CertificatePtr certificate_;
};

}  // namespace rha::test
