#include "config/setting_rows.h"

namespace rha::config::rows {

std::vector<Setting> http() {
  return {
      {.path = "http.listen",
       .type = SettingType::AddressList,
       .field = RHA_FIELD(http.listen),
       .help = "Addresses the registry answers on in plain HTTP. Sockets passed by systemd replace them, but for those "
               "named \"https\" or \"debug\". May be empty if http.tls.listen is not.",
       .since = "0.1"},
      {.path = "http.debug_listen",
       .type = SettingType::OptionalAddress,
       .field = RHA_FIELD(http.debugListen),
       .help = "Address of /metrics and /debug/health; for monitoring only. A socket named \"debug\" passed by systemd "
               "replaces it. Empty: off.",
       .since = "0.1"},
      {.path = "http.secret_file",
       .type = SettingType::OptionalPath,
       .field = RHA_FIELD(http.secretFile),
       .most = kLongestPath,
       .help = "File with the secret that signs the Location of an upload in progress; the same on all nodes of one "
               "storage. At least 32 bytes. Empty: a secret is made at the first start and kept as \"secret\" in the "
               "folder of index.path.",
       .since = "0.1"},
      {.path = "http.relative_locations",
       .type = SettingType::Boolean,
       .field = RHA_FIELD(http.relativeLocations),
       .help =
           "Answer with a Location that is a path, which is right behind any proxy. If false, it is a URL made from "
           "the request's Host.",
       .since = "0.1"},
  };
}

std::vector<Setting> connections() {
  return {
      {.path = "http.event_threads",
       .type = SettingType::Count,
       .field = RHA_FIELD(http.eventThreads),
       .least = 1,
       .most = 64,
       .help = "Threads that receive and send.",
       .since = "0.1"},
      {.path = "http.worker_threads",
       .type = SettingType::Count,
       .field = RHA_FIELD(http.workerThreads),
       .least = 1,
       .most = 1024,
       .help = "Threads that work on requests: how many may wait for the storage at once.",
       .since = "0.1"},
      {.path = "http.max_connections",
       .type = SettingType::Count,
       .field = RHA_FIELD(http.maxConnections),
       .least = 16,
       .most = 1'000'000,
       .help =
           "Connections held at once. Beyond, the oldest idle one is closed, else the new one is answered with 503.",
       .since = "0.1"},
      {.path = "http.max_connections_per_address",
       .type = SettingType::Count,
       .field = RHA_FIELD(http.maxConnectionsPerAddress),
       .most = 1'000'000,
       .help =
           "Connections held at once with one address, for IPv6 with one /64 network. Beyond, new ones are answered "
           "with 503. Behind a proxy that does not speak the PROXY protocol, all clients have its address. 0: no "
           "limit.",
       .since = "0.1"},
      {.path = "http.head_deadline",
       .type = SettingType::Duration,
       .field = RHA_FIELD(http.headDeadline),
       .least = 100,
       .most = kDay,
       .help = "Longest time from the first byte of a request to the end of its header.",
       .since = "0.1"},
      {.path = "http.idle_deadline",
       .type = SettingType::Duration,
       .field = RHA_FIELD(http.idleDeadline),
       .least = 100,
       .most = kDay,
       .help = "Longest time a connection may stay open between two requests.",
       .since = "0.1"},
      {.path = "http.body_deadline",
       .type = SettingType::Duration,
       .field = RHA_FIELD(http.bodyDeadline),
       .least = 100,
       .most = kDay,
       .help = "Longest time a body may make no progress, in either direction.",
       .since = "0.1"},
      {.path = "http.hand_over_deadline",
       .type = SettingType::Duration,
       .field = RHA_FIELD(http.handOverDeadline),
       .least = 100,
       .most = 7 * kDay,
       .help =
           "Longest time that a process which has handed over to its successor (an upgrade) goes on with the transfers "
           "it has. What is under way then is cut off.",
       .since = "0.1"},
  };
}

std::vector<Setting> tls() {
  return {
      {.path = "http.tls.listen",
       .type = SettingType::AddressList,
       .field = RHA_FIELD(http.tls.listen),
       .help =
           "Addresses the registry answers on in HTTPS. Sockets named \"https\" passed by systemd replace them, which "
           "is the way to a port below 1024.",
       .since = "0.1"},
      {.path = "http.tls.certificate",
       .type = SettingType::OptionalPath,
       .field = RHA_FIELD(http.tls.first.certificate),
       .most = kLongestPath,
       .help =
           "PEM file of the certificate, with the intermediate ones after it. Like all files of http.tls it is read "
           "again on a reload, without a restart; if it is broken, what was in force stays in force.",
       .since = "0.1"},
      {.path = "http.tls.key",
       .type = SettingType::OptionalPath,
       .field = RHA_FIELD(http.tls.first.key),
       .most = kLongestPath,
       .help = "PEM file of its private key, without a passphrase.",
       .since = "0.1"},
      {.path = "http.tls.certificates",
       .type = SettingType::CertificateList,
       .field = RHA_FIELD(http.tls.certificates),
       .help =
           "More certificates: a list of maps of \"certificate\" and \"key\". Of all, the one is shown that has the "
           "name which the client asks for; the first, if none has it. Of two with the same name, one with an RSA key "
           "and one with an elliptic curve's, each client gets what it can verify.",
       .since = "0.1"},
      {.path = "http.tls.min_version",
       .type = SettingType::Choice,
       .field = RHA_FIELD(http.tls.minVersion),
       .choices = {"1.2", "1.3"},
       .help = "The oldest version of TLS that is spoken.",
       .since = "0.1"},
      {.path = "http.proxy_protocol.from",
       .type = SettingType::NetworkList,
       .field = RHA_FIELD(http.proxyProtocol.from),
       .help =
           "Networks whose connections begin with a header of the PROXY protocol, version 1 or 2, on every address of "
           "http.listen and http.tls.listen. The client's address is taken from it. A connection from there without "
           "the header is refused; from elsewhere the header is.",
       .since = "0.1"},
  };
}

}  // namespace rha::config::rows
