// What the composition root does with TLS: settings mapped, certificates put in force, their state told.
//
// Functions without state of their own; thread-safe.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "config/settings.h"
#include "net/tls.h"

namespace rha::registryd {

net::TlsSettings tlsSettings(const config::TlsSettings& settings);

// Null when no certificate is set. Warns of those that will soon expire, or have. Throws std::runtime_error with every
// fault of the files.
std::unique_ptr<net::TlsTransportFactory> openTls(const config::TlsSettings& settings, const base::Clock& clock,
                                                  const base::Logger& logger, base::MetricsRegistry& metrics);

// The part of `status` about TLS.
nlohmann::json tlsStatusJson(const net::TlsStatus& status, base::WallTime now);

}  // namespace rha::registryd
