#include "apps/registryd/tls_parts.h"

#include <stdexcept>

namespace rha::registryd {

net::TlsSettings tlsSettings(const config::TlsSettings& settings) {
  net::TlsSettings tls;
  tls.leastVersion = settings.minVersion == "1.3" ? net::TlsVersion::Tls13 : net::TlsVersion::Tls12;
  if (!settings.first.certificate.empty()) {
    tls.certificates.push_back({settings.first.certificate, settings.first.key});
    for (const config::CertificatePair& pair : settings.certificates) {
      tls.certificates.push_back({pair.certificate, pair.key});
    }
  }
  return tls;
}

std::unique_ptr<net::TlsTransportFactory> openTls(const config::TlsSettings& settings, const base::Clock& clock,
                                                  const base::Logger& logger, base::MetricsRegistry& metrics) {
  const net::TlsSettings wanted = tlsSettings(settings);
  if (wanted.certificates.empty()) {
    return nullptr;
  }
  for (const std::string& warning : net::checkTls(wanted, clock.now()).warnings) {
    logger.warn("certificate_warning", {{"warning", warning}});
  }
  auto tls = std::make_unique<net::TlsTransportFactory>(wanted, clock, metrics);
  if (const auto loaded = tls->load(); !loaded) {
    std::string text = "http.tls:";
    for (const std::string& fault : loaded.error()) {
      text += (loaded.error().size() == 1 ? " " : "\n  ") + fault;
    }
    throw std::runtime_error(text);
  }
  return tls;
}

nlohmann::json tlsStatusJson(const net::TlsStatus& status, base::WallTime now) {
  nlohmann::json certificates = nlohmann::json::array();
  for (const net::CertificateInfo& each : status.certificates) {
    const auto left = std::chrono::floor<std::chrono::days>(each.notAfter - now).count();
    certificates.push_back({{"certificate", each.files.certificate},
                            {"names", each.names},
                            {"not_after", base::formatRfc3339(each.notAfter)},
                            {"days_left", left}});
  }
  return {{"generation", status.generation}, {"certificates", std::move(certificates)}};
}

}  // namespace rha::registryd
