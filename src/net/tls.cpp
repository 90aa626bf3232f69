#include "net/tls.h"

#include <atomic>

#include "base/lock_guarded.h"
#include "net/tls_certificate.h"
#include "net/tls_context.h"
#include "net/tls_counters.h"
#include "net/tls_transport.h"

namespace rha::net {

struct TlsTransportFactory::State {
  explicit State(base::MetricsRegistry& metrics) : counters(std::make_shared<TlsCounters>(metrics)) {}

  struct Snapshot {
    std::uint64_t generation = 0;
    std::shared_ptr<const TlsContext> context;  // shared with the connections made of it
  };
  base::LockGuarded<Snapshot> snapshot;
  std::shared_ptr<TlsCounters> counters;  // shared with the transports
};

TlsTransportFactory::TlsTransportFactory(TlsSettings settings, const base::Clock& clock, base::MetricsRegistry& metrics)
    : settings_(std::move(settings)), clock_(clock), state_(std::make_shared<State>(metrics)) {
  metrics.gaugeFunction("registry_ha_tls_generation", "How often certificates were put in force.",
                        [state = state_] { return static_cast<double>(state->snapshot.lock()->generation); });
  for (std::size_t i = 0; i < settings_.certificates.size(); ++i) {
    metrics.gaugeFunction(
        "registry_ha_tls_certificate_expiry_seconds", "Seconds until the certificate in force expires.",
        [state = state_, i, &clock] {
          const auto context = state->snapshot.lock()->context;
          return context ? std::chrono::duration<double>(context->certificates()[i].notAfter - clock.now()).count() : 0;
        },
        {{"certificate", settings_.certificates[i].certificate}});
  }
}

TlsTransportFactory::~TlsTransportFactory() = default;

base::Result<TlsStatus, std::vector<std::string>> TlsTransportFactory::load() {
  const bool isReload = state_->snapshot.lock()->context != nullptr;
  std::vector<std::string> faults;
  std::vector<Certificate> certificates;
  for (const CertificateFiles& files : settings_.certificates) {
    auto loaded = loadCertificate(files);
    if (!loaded) {
      faults.push_back(std::move(loaded.error()));
    } else if (isReload && loaded->info.notAfter <= clock_.now()) {
      faults.push_back(files.certificate + ": has expired on " + base::formatRfc3339(loaded->info.notAfter));
    } else {
      certificates.push_back(*std::move(loaded));
    }
  }
  if (!faults.empty()) {
    return base::fail(std::move(faults));
  }
  auto made = TlsContext::make(std::move(certificates), settings_.leastVersion, clock_);
  if (!made) {
    return base::fail(std::vector<std::string>{std::move(made.error())});
  }
  {
    auto snapshot = state_->snapshot.lock();
    snapshot->context.swap(*made);
    ++snapshot->generation;
  }
  return status();
}

TlsStatus TlsTransportFactory::status() const {
  const auto snapshot = *state_->snapshot.lock();
  return {.generation = snapshot.generation,
          .certificates = snapshot.context ? snapshot.context->certificates() : std::vector<CertificateInfo>()};
}

std::unique_ptr<Transport> TlsTransportFactory::make(base::Fd socket) {
  auto context = state_->snapshot.lock()->context;
  return std::make_unique<TlsTransport>(std::move(socket), std::move(context), state_->counters);
}

}  // namespace rha::net
