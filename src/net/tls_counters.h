// TlsCounters: what is counted about handshakes; the metrics' names are listed in tls.h. Internal to net.
//
// Shared by the transports; thread-safe.
#pragma once

#include <array>
#include <cstdint>

#include "base/metrics.h"
#include "net/openssl.h"

namespace rha::net {

enum class HandshakeFailure : std::uint8_t {
  PlainHttp,
  Version,      // no protocol version in common
  Cipher,       // no cipher, group or signature in common
  Alpn,         // no application protocol in common
  ClientAlert,  // it gave up, such as for a certificate it does not trust
  Unfinished,   // it went away, or was too slow
  Other
};
inline constexpr std::size_t kHandshakeFailures = 7;

class TlsCounters final {
 public:
  explicit TlsCounters(base::MetricsRegistry& metrics);
  void done(const SSL* connection);
  void failed(HandshakeFailure reason) { failures_[static_cast<std::size_t>(reason)]->add(); }

 private:
  std::array<base::Counter*, 4> handshakes_{};  // 1.2 full, 1.2 resumed, 1.3 full, 1.3 resumed
  std::array<base::Counter*, kHandshakeFailures> failures_{};
};

// The reason for a code of OpenSSL's error queue; 0: the client went away.
HandshakeFailure failureOf(unsigned long code);

}  // namespace rha::net
