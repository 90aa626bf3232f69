// TLS as the composition root sees it: what is configured, what was found in the files, and the factory of transports
// that speak it.
//
// TlsTransportFactory is owned by the composition root and outlives the Server. load() from any thread, one at a time;
// make() and status() from any. A failed load() changes nothing.
//
// Metrics:
//   registry_ha_tls_certificate_expiry_seconds{certificate="/path"}       until the certificate in force expires
//   registry_ha_tls_generation                                            1 at the start, one more with each reload
//   registry_ha_tls_handshakes_total{version="1.2|1.3",resumed="true|false"}
//   registry_ha_tls_handshake_failures_total{reason="plain_http|version|cipher|alpn|client_alert|unfinished|other"}
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "net/transport.h"

namespace rha::net {

// PEM files: the certificate with the intermediate ones after it, and its private key.
struct CertificateFiles {
  std::string certificate;
  std::string key;
  bool operator==(const CertificateFiles&) const = default;
};

enum class TlsVersion : std::uint8_t { Tls12, Tls13 };

struct TlsSettings {
  // Chosen by the name that the client asks for; the first one when none has it. Of those with a name in common and
  // keys of different kinds (RSA, elliptic curve) each client gets the one it can verify.
  std::vector<CertificateFiles> certificates;
  TlsVersion leastVersion = TlsVersion::Tls12;
};

struct CertificateInfo {
  CertificateFiles files;
  std::vector<std::string> names;  // lower case; of subjectAltName, or of the subject where there is none
  base::WallTime notBefore;
  base::WallTime notAfter;
};

struct TlsStatus {
  std::uint64_t generation = 0;
  std::vector<CertificateInfo> certificates;
};

struct TlsFindings {
  std::vector<std::string> errors;    // it cannot be used
  std::vector<std::string> warnings;  // it can, but somebody should act
};

// Certificates that expire sooner are warned of.
inline constexpr std::chrono::hours kExpiryWarning{14 * 24};

// What is wrong with the files, all at once. An expired certificate is a warning: a registry that starts is better than
// one that does not, and clients say what is the matter.
TlsFindings checkTls(const TlsSettings& settings, base::WallTime now);

class TlsTransportFactory final : public TransportFactory {
 public:
  // `clock` and `metrics` are borrowed.
  TlsTransportFactory(TlsSettings settings, const base::Clock& clock, base::MetricsRegistry& metrics);
  ~TlsTransportFactory() override;
  TlsTransportFactory(const TlsTransportFactory&) = delete;
  TlsTransportFactory& operator=(const TlsTransportFactory&) = delete;

  // Reads the files and puts them in force for connections made from now on. Error: every fault, a line each; after the
  // first load an expired certificate is one too.
  base::Result<TlsStatus, std::vector<std::string>> load();
  [[nodiscard]] TlsStatus status() const;
  // Precondition: loaded.
  std::unique_ptr<Transport> make(base::Fd socket) override;

 private:
  struct State;
  const TlsSettings settings_;
  const base::Clock& clock_;
  std::shared_ptr<State> state_;  // shared with the metrics, which may outlive the factory
};

}  // namespace rha::net
