#include "config/setting_table.h"

namespace rha::config {
namespace {

using S = StartupSettings;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kGiB = 1024 * kMiB;
constexpr std::uint64_t kSecond = 1000;
constexpr std::uint64_t kHour = 60 * 60 * kSecond;
constexpr std::uint64_t kDay = 24 * kHour;
constexpr std::uint64_t kLongestPath = 4095;
constexpr std::uint64_t kLongestName = 255;
constexpr std::uint64_t kLongestContainer = 256;
// sun_path holds 108 bytes; the server needs five for a temporary name and the final NUL.
constexpr std::uint64_t kLongestSocketPath = 103;

// A field's accessor from its name; a member pointer cannot reach into nested structs.
#define RHA_FIELD(name) \
  +[](S & s) -> auto& { \
    return s.name;      \
  }

std::vector<Setting> httpSettings() {
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

std::vector<Setting> connectionSettings() {
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
  };
}

std::vector<Setting> tlsSettings() {
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
           "name which the client asks for; the first, if none has it.",
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

std::vector<Setting> storageSettings() {
  return {
      {.path = "storage.driver",
       .type = SettingType::Choice,
       .field = RHA_FIELD(storage.driver),
       .choices = {"filesystem", "swift", "memory"},
       .help =
           "Where images lie: in a local folder, or in OpenStack Swift. \"memory\" is for tests: everything is lost "
           "at the end.",
       .since = "0.1"},
      {.path = "storage.filesystem.root",
       .type = SettingType::Path,
       .field = RHA_FIELD(storage.filesystem.root),
       .most = kLongestPath,
       .help = "Folder of the filesystem driver. The layout below it is that of CNCF distribution 2.8 "
               "(docker/registry/v2), so an existing folder of that registry can be taken over.",
       .since = "0.1"},
  };
}

std::vector<Setting> swiftSettings() {
  return {
      {.path = "storage.swift.auth_url",
       .type = SettingType::OptionalUrl,
       .field = RHA_FIELD(storage.swift.authUrl),
       .most = kLongestPath,
       .help = "Where tokens come from: http://HOST/auth/v1.0 for auth_version 1, http://HOST/v3 for 3. All of "
               "storage.swift counts only with storage.driver swift.",
       .since = "0.1"},
      {.path = "storage.swift.auth_version",
       .type = SettingType::Choice,
       .field = RHA_FIELD(storage.swift.authVersion),
       .choices = {"1", "3"},
       .help = "1: TempAuth (X-Auth-User, X-Auth-Key). 3: Keystone.",
       .since = "0.1"},
      {.path = "storage.swift.user",
       .type = SettingType::Text,
       .field = RHA_FIELD(storage.swift.user),
       .most = kLongestName,
       .help = "User; with auth_version 1 as ACCOUNT:USER.",
       .since = "0.1"},
      {.path = "storage.swift.password_file",
       .type = SettingType::OptionalPath,
       .field = RHA_FIELD(storage.swift.passwordFile),
       .most = kLongestPath,
       .help = "File whose first line is the user's key or password. It is read again for each token, so a changed "
               "password needs no restart.",
       .since = "0.1"},
      {.path = "storage.swift.user_domain",
       .type = SettingType::Text,
       .field = RHA_FIELD(storage.swift.userDomain),
       .least = 1,
       .most = kLongestName,
       .help = "Keystone domain of the user, by name.",
       .since = "0.1"},
      {.path = "storage.swift.project",
       .type = SettingType::Text,
       .field = RHA_FIELD(storage.swift.project),
       .most = kLongestName,
       .help = "Keystone project (tenant), by name.",
       .since = "0.1"},
      {.path = "storage.swift.project_domain",
       .type = SettingType::Text,
       .field = RHA_FIELD(storage.swift.projectDomain),
       .least = 1,
       .most = kLongestName,
       .help = "Keystone domain of the project, by name.",
       .since = "0.1"},
      {.path = "storage.swift.region",
       .type = SettingType::Text,
       .field = RHA_FIELD(storage.swift.region),
       .most = kLongestName,
       .help = "Region of the Swift to take from Keystone's catalogue. Empty: the first.",
       .since = "0.1"},
      {.path = "storage.swift.endpoint_type",
       .type = SettingType::Choice,
       .field = RHA_FIELD(storage.swift.endpointType),
       .choices = {"public", "internal", "admin"},
       .help = "Which of its endpoints to take from Keystone's catalogue.",
       .since = "0.1"},
  };
}

std::vector<Setting> swiftStorageSettings() {
  return {
      {.path = "storage.swift.container",
       .type = SettingType::Text,
       .field = RHA_FIELD(storage.swift.container),
       .most = kLongestContainer,
       .help =
           "Container that holds the images; made at the start if it is not there. The layout in it is that of CNCF "
           "distribution 2.8's swift driver, so that registry's container can be taken over. It must have the same "
           "name in all clusters that are kept in step by container-sync.",
       .since = "0.1"},
      {.path = "storage.swift.prefix",
       .type = SettingType::Text,
       .field = RHA_FIELD(storage.swift.prefix),
       .most = kLongestName,
       .help = "Put before the name of every object; what the old registry calls prefix, too.",
       .since = "0.1"},
      {.path = "storage.swift.ca_file",
       .type = SettingType::OptionalPath,
       .field = RHA_FIELD(storage.swift.caFile),
       .most = kLongestPath,
       .help = "Certificate authorities (PEM) that Swift and Keystone are verified with. Empty: the system's.",
       .since = "0.1"},
      {.path = "storage.swift.segment_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(storage.swift.segmentBytes),
       .least = kMiB,
       .most = 5 * kGiB,
       .help = "Size of the segments in which larger blobs are stored. An upload holds up to two in memory.",
       .since = "0.1"},
      {.path = "storage.swift.spool_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(storage.swift.spoolBytes),
       .least = 4 * kMiB,
       .most = 64 * kGiB,
       .help =
           "Memory for all uploads together: bytes that Swift has not acknowledged yet. At the limit segments become "
           "shorter, and reading from clients pauses.",
       .since = "0.1"},
      {.path = "storage.swift.max_connections",
       .type = SettingType::Count,
       .field = RHA_FIELD(storage.swift.maxConnections),
       .least = 4,
       .most = 4096,
       .help = "Requests to Swift at once; a download in progress is one.",
       .since = "0.1"},
      {.path = "storage.swift.request_timeout",
       .type = SettingType::Duration,
       .field = RHA_FIELD(storage.swift.requestTimeout),
       .least = 100,
       .most = kHour,
       .help = "Longest time Swift may take to answer, or a body make no progress, before the request is made again.",
       .since = "0.1"},
  };
}

std::vector<Setting> indexSettings() {
  return {
      {.path = "index.path",
       .type = SettingType::Path,
       .field = RHA_FIELD(index.path),
       .most = kLongestPath,
       .help = "The index, an SQLite file on a local disk. It is made anew from the storage when it is lost.",
       .since = "0.1"},
  };
}

std::vector<Setting> limitSettings() {
  return {
      {.path = "limits.manifest_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(limits.manifestBytes),
       .least = kKiB,
       .most = 64 * kMiB,
       .help = "Largest manifest that is accepted.",
       .since = "0.1"},
      {.path = "limits.blob_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(limits.blobBytes),
       .help = "Largest blob that is accepted. 0: no limit.",
       .since = "0.1"},
      {.path = "limits.head_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(limits.headBytes),
       .least = kKiB,
       .most = kMiB,
       .help = "Largest request line and header together.",
       .since = "0.1"},
      {.path = "limits.body_buffer_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(limits.bodyBufferBytes),
       .least = 4 * kKiB,
       .most = 16 * kMiB,
       .help = "Memory for one body on its way.",
       .since = "0.1"},
      {.path = "limits.body_budget_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(limits.bodyBudgetBytes),
       .least = kMiB,
       .most = 64 * kGiB,
       .help = "Memory for all bodies together. At the limit, reading from clients pauses.",
       .since = "0.1"},
      {.path = "limits.worker_queue",
       .type = SettingType::Count,
       .field = RHA_FIELD(limits.workerQueue),
       .least = 1,
       .most = 1'000'000,
       .help = "Requests that may wait for a worker. Beyond, they are answered with 503.",
       .since = "0.1"},
  };
}

std::vector<Setting> otherSettings() {
  return {
      {.path = "cache.memory_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(cache.memoryBytes),
       .most = 64 * kGiB,
       .help = "Memory for manifests and small blobs, which are then answered without a look into the storage. 0: off.",
       .since = "0.1"},
      {.path = "cache.memory_entries",
       .type = SettingType::Count,
       .field = RHA_FIELD(cache.memoryEntries),
       .least = 16,
       .most = 10'000'000,
       .help = "Most manifests and blobs in that memory; one that is asked for by tag and by digest counts twice.",
       .since = "0.1"},
      {.path = "cache.object_bytes",
       .type = SettingType::Size,
       .field = RHA_FIELD(cache.objectBytes),
       .most = 16 * kMiB,
       .help = "Largest manifest or blob that is kept there.",
       .since = "0.1"},
      {.path = "catalog.max_entries",
       .type = SettingType::Count,
       .field = RHA_FIELD(catalog.maxEntries),
       .least = 1,
       .most = 100'000,
       .help = "Entries on one page of the catalogue, and the largest n a client may ask for.",
       .since = "0.1"},
      {.path = "uploads.purge_after",
       .type = SettingType::Duration,
       .field = RHA_FIELD(uploads.purgeAfter),
       .least = kHour,
       .most = 3650 * kDay,
       .help = "Age at which an upload that was not finished is removed; rounded up to whole hours.",
       .since = "0.1"},
      {.path = "uploads.purge_interval",
       .type = SettingType::Duration,
       .field = RHA_FIELD(uploads.purgeInterval),
       .least = kSecond,
       .most = 30 * kDay,
       .help = "How often such uploads are looked for.",
       .since = "0.1"},
      {.path = "log.level",
       .type = SettingType::Choice,
       .field = RHA_FIELD(log.level),
       .choices = {"error", "warn", "info", "debug"},
       .help = "What is logged: error (someone must act), warn (may have to), info (life cycle and requests), debug.",
       .since = "0.1"},
      {.path = "log.access",
       .type = SettingType::Boolean,
       .field = RHA_FIELD(log.access),
       .help = "One line per request. If false, only requests that ended with 500 or above, or broke off, are logged.",
       .since = "0.1"},
      {.path = "log.audit",
       .type = SettingType::Choice,
       .field = RHA_FIELD(log.audit),
       .choices = {"all", "writes", "off"},
       .help =
           "One line (event=audit) for each write and each refusal: who, from where, what, by which rule. It does not "
           "depend on log.level and log.access. \"writes\" leaves the refusals out.",
       .since = "0.1"},
      {.path = "access.file",
       .type = SettingType::OptionalPath,
       .field = RHA_FIELD(access.file),
       .most = kLongestPath,
       .help = "Accounts, rules, uploading hosts and mode (access.yaml). What it says is read anew on SIGHUP and by "
               "registry-acl-reloader, without a restart. Empty: everybody may do everything.",
       .since = "0.1"},
      {.path = "control.socket",
       .type = SettingType::OptionalPath,
       .field = RHA_FIELD(control.socket),
       .most = kLongestSocketPath,
       .help = "Unix socket through which docker-registryctl talks to the daemon. Empty: off.",
       .since = "0.1"},
  };
}

std::vector<Setting> homepageSettings() {
  return {
      {.path = "homepage.path",
       .type = SettingType::OptionalPath,
       .field = RHA_FIELD(homepage.path),
       .most = kLongestPath,
       .help = "Folder of the site that registry-homepage-builder writes, and registryd serves at \"/\". The folder it "
               "is in must be writable for the builder. Empty: there is no homepage.",
       .since = "0.1"},
      {.path = "homepage.registry_name",
       .type = SettingType::OptionalHost,
       .field = RHA_FIELD(homepage.registryName),
       .most = 255,
       .help = "Name that clients pull by, with the port if it is not 443: \"registry.example.org\". The homepage "
               "shows it. Empty: the name of the host. With an object store it must be set: the builder asks the "
               "registry by this name for the labels and times of images.",
       .since = "0.1"},
  };
}

#undef RHA_FIELD

std::vector<Setting> makeTable() {
  std::vector<Setting> table;
  for (auto* part : {httpSettings, connectionSettings, tlsSettings, storageSettings, swiftSettings,
                     swiftStorageSettings, indexSettings, limitSettings, otherSettings, homepageSettings}) {
    for (Setting& setting : part()) {
      table.push_back(std::move(setting));
    }
  }
  return table;
}

}  // namespace

std::span<const Setting> allSettings() {
  static const std::vector<Setting> table = makeTable();
  return table;
}

std::string_view describe(SettingType type) {
  switch (type) {
    case SettingType::Boolean:
      return "true or false";
    case SettingType::Choice:
      return "a word";
    case SettingType::Count:
      return "a number";
    case SettingType::Size:
      return "a size";
    case SettingType::Duration:
      return "a duration";
    case SettingType::Path:
      return "an absolute path";
    case SettingType::OptionalPath:
      return "an absolute path or \"\"";
    case SettingType::OptionalAddress:
      return "an address or \"\"";
    case SettingType::OptionalHost:
      return "a host name or \"\"";
    case SettingType::AddressList:
      return "a list of addresses";
    case SettingType::NetworkList:
      return "a list of networks";
    case SettingType::CertificateList:
      return "a list of certificates";
    case SettingType::Text:
      return "a text";
    case SettingType::OptionalUrl:
      return "a URL or \"\"";
  }
  return "";
}

}  // namespace rha::config
