#include "net/tls_counters.h"

#include <openssl/sslerr.h>

#include <string>

namespace rha::net {
namespace {

constexpr std::array<const char*, kHandshakeFailures> kNames{"plain_http",   "version",    "cipher", "alpn",
                                                             "client_alert", "unfinished", "other"};

}  // namespace

TlsCounters::TlsCounters(base::MetricsRegistry& metrics) {
  std::size_t at = 0;
  for (const char* version : {"1.2", "1.3"}) {
    for (const char* resumed : {"false", "true"}) {
      handshakes_[at++] = &metrics.counter("registry_ha_tls_handshakes_total", "TLS handshakes that were completed.",
                                           {{"version", version}, {"resumed", resumed}});
    }
  }
  for (std::size_t i = 0; i < kHandshakeFailures; ++i) {
    failures_[i] = &metrics.counter("registry_ha_tls_handshake_failures_total",
                                    "TLS handshakes that failed, by reason.", {{"reason", kNames[i]}});
  }
}

void TlsCounters::done(const SSL* connection) {
  const std::size_t version = SSL_version(connection) == TLS1_3_VERSION ? 2 : 0;
  const std::size_t resumed = SSL_session_reused(connection) == 1 ? 1 : 0;
  handshakes_[version + resumed]->add();
}

HandshakeFailure failureOf(unsigned long code) {
  if (code == 0) {
    return HandshakeFailure::Unfinished;
  }
  const int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
  if (reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 255) {
    return HandshakeFailure::ClientAlert;
  }
  switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_VERSION_TOO_HIGH:
      return HandshakeFailure::Version;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
      return HandshakeFailure::Cipher;
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return HandshakeFailure::Alpn;
    default:
      return HandshakeFailure::Other;
  }
}

}  // namespace rha::net
