// Certificate: a certificate chain with its private key, read from two PEM files and checked.
//
// A value that can be moved; immutable once loaded, so thread-safe to read. Failure: a text for the operator that names
// the file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/openssl.h"
#include "net/tls.h"

namespace rha::net {

struct Certificate {
  CertificateInfo info;
  std::vector<CertificatePtr> chain;  // the server's own first
  PrivateKeyPtr key;

  // RSA, elliptic curve …, as OpenSSL numbers them: a server may show a certificate of each to the same name.
  [[nodiscard]] int keyKind() const { return EVP_PKEY_get_base_id(key.get()); }
};

// Reads both files (at most 1 MiB each). An error: a file that is missing or cannot be read, holds nothing of its kind,
// is encrypted, or a key of another certificate.
base::Result<Certificate, std::string> loadCertificate(const CertificateFiles& files);

// "*.example.org" names "a.example.org", not "example.org" or "a.b.example.org" (RFC 6125).
bool nameMatches(std::string_view pattern, std::string_view name);

}  // namespace rha::net
