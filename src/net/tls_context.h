// TlsContext: one snapshot of certificates and all that is negotiated with them. A reload makes a new one; connections
// keep the one they began with. Internal to net.
//
// Immutable, but for the session cache and ticket keys inside, which have locks; thread-safe. Shared by the factory and
// the transports made of it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/openssl.h"
#include "net/tls_certificate.h"
#include "net/tls_ticket_keys.h"

namespace rha::net {

class TlsContext final {
 public:
  // Certificates that have a name in common and keys of different kinds (RSA, elliptic curve) are shown together: each
  // client gets the one it can verify. Of the same kind the first counts.
  // Precondition: at least one certificate. Error: which certificate OpenSSL does not take, and why. `clock` is
  // borrowed.
  static base::Result<std::shared_ptr<const TlsContext>, std::string> make(std::vector<Certificate> certificates,
                                                                           TlsVersion leastVersion,
                                                                           const base::Clock& clock);
  explicit TlsContext(const base::Clock& clock) : ticketKeys_(clock) {}
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext() = default;

  // The server's end of a connection on `socket`. Null when memory is short.
  [[nodiscard]] SslPtr newConnection(int socket) const;
  [[nodiscard]] const std::vector<CertificateInfo>& certificates() const { return infos_; }

 private:
  // A context with these certificates, of which no two have keys of the same kind.
  using Together = std::vector<const Certificate*>;
  base::Result<SSL_CTX*, std::string> add(const Together& certificates, TlsVersion leastVersion);
  // Whose certificate has the name; null if none.
  [[nodiscard]] SSL_CTX* find(std::string_view name) const;
  static int onServerName(SSL* connection, int* alert, void* self);
  static int onTicket(SSL* connection, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                      int encrypt);

  std::vector<SslContextPtr> contexts_;  // the first one is for names that no certificate has
  std::vector<CertificateInfo> infos_;
  std::map<std::string, SSL_CTX*, std::less<>> names_;  // wildcards as "*.example.org"
  TicketKeys ticketKeys_;
};

}  // namespace rha::net
