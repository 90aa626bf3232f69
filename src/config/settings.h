// StartupSettings: what registryd.yaml says, as plain data with its defaults. Constant after the start.
//
// The structs mirror the file's sections; every field has one row in setting_rows*.cpp, which gives it a name, a type,
// limits and a help text. The layers above have settings of their own; the composition root maps these to them.
// Values; thread-safe to read.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace rha::config {

// PEM files.
struct CertificatePair {
  std::string certificate;
  std::string key;
  bool operator==(const CertificatePair&) const = default;
};

struct TlsSettings {
  std::vector<std::string> listen;
  CertificatePair first;                      // empty: none
  std::vector<CertificatePair> certificates;  // further ones
  std::string minVersion = "1.2";
  bool operator==(const TlsSettings&) const = default;
};

struct ProxyProtocolSettings {
  std::vector<std::string> from;  // networks
  bool operator==(const ProxyProtocolSettings&) const = default;
};

struct HttpSettings {
  std::vector<std::string> listen{"127.0.0.1:5000"};
  std::string debugListen = "127.0.0.1:5001";  // empty: off
  std::string secretFile;                      // empty: one is made and kept beside the index
  bool relativeLocations = true;
  std::uint64_t eventThreads = 2;
  std::uint64_t workerThreads = 16;
  std::uint64_t maxConnections = 16384;
  std::uint64_t maxConnectionsPerAddress = 4096;  // 0: unlimited
  std::chrono::milliseconds headDeadline{15'000};
  std::chrono::milliseconds idleDeadline{75'000};
  std::chrono::milliseconds bodyDeadline{60'000};
  std::chrono::milliseconds handOverDeadline{std::chrono::hours(6)};
  TlsSettings tls;
  ProxyProtocolSettings proxyProtocol;
  bool operator==(const HttpSettings&) const = default;
};

struct FilesystemSettings {
  std::string root = "/var/lib/docker-registry-ha/storage";
  bool operator==(const FilesystemSettings&) const = default;
};

struct SwiftSettings {
  std::string authUrl;
  std::string authVersion = "1";
  std::string user;
  std::string passwordFile;
  std::string userDomain = "Default";
  std::string project;
  std::string projectDomain = "Default";
  std::string region;
  std::string endpointType = "public";
  std::string container;
  std::string prefix;
  std::string caFile;
  std::uint64_t segmentBytes = 32 * 1024 * 1024;
  std::uint64_t spoolBytes = 256 * 1024 * 1024;
  std::uint64_t maxConnections = 128;
  std::chrono::milliseconds requestTimeout{60'000};
  bool operator==(const SwiftSettings&) const = default;
};

struct S3Settings {
  std::string bucket;
  std::string region = "us-east-1";
  std::string endpoint;
  bool pathStyle = false;
  std::string credentialsFile;
  std::string prefix;
  std::string caFile;
  std::uint64_t partBytes = 32 * 1024 * 1024;
  std::uint64_t spoolBytes = 256 * 1024 * 1024;
  std::uint64_t maxConnections = 128;
  std::chrono::milliseconds requestTimeout{60'000};
  bool operator==(const S3Settings&) const = default;
};

struct StorageSettings {
  std::string driver = "filesystem";
  std::chrono::milliseconds peersInterval{2'000};  // 0: there are no other nodes
  FilesystemSettings filesystem;
  SwiftSettings swift;
  S3Settings s3;
  bool operator==(const StorageSettings&) const = default;
};

// A further storage, for the repositories of some namespaces.
struct StorageRoute {
  std::string name;
  std::vector<std::string> namespaces;  // "restricted" covers the repository of that name and all below it
  StorageSettings storage;
  bool operator==(const StorageRoute&) const = default;
};

struct IndexSettings {
  std::string path = "/var/lib/docker-registry-ha/index.sqlite";
  bool operator==(const IndexSettings&) const = default;
};

struct LimitSettings {
  std::uint64_t manifestBytes = 4 * 1024 * 1024;
  std::uint64_t blobBytes = 0;  // 0: unlimited
  std::uint64_t headBytes = 32 * 1024;
  std::uint64_t bodyBufferBytes = 1024 * 1024;
  std::uint64_t bodyBudgetBytes = 48 * 1024 * 1024;
  std::uint64_t workerQueue = 4096;
  bool operator==(const LimitSettings&) const = default;
};

struct DiskCacheSettings {
  std::string path;  // empty: off
  std::uint64_t bytes = std::uint64_t{20} * 1024 * 1024 * 1024;
  std::uint64_t fills = 8;
  std::chrono::milliseconds verifyInterval{std::chrono::hours(168)};  // 0: never
  std::uint64_t verifyRate = 16 * 1024 * 1024;                        // bytes a second
  bool operator==(const DiskCacheSettings&) const = default;
};

struct CacheSettings {
  DiskCacheSettings disk;
  std::uint64_t memoryBytes = 32 * 1024 * 1024;  // 0: off
  std::uint64_t memoryEntries = 65536;
  std::uint64_t objectBytes = 64 * 1024;
  bool operator==(const CacheSettings&) const = default;
};

struct CatalogSettings {
  std::uint64_t maxEntries = 1000;
  bool operator==(const CatalogSettings&) const = default;
};

struct UploadSettings {
  std::chrono::milliseconds purgeAfter{std::chrono::hours(168)};
  std::chrono::milliseconds purgeInterval{std::chrono::hours(1)};
  bool operator==(const UploadSettings&) const = default;
};

struct LogSettings {
  std::string level = "info";
  bool access = true;
  std::string audit = "all";
  bool operator==(const LogSettings&) const = default;
};

struct AccessSettings {
  std::string file;  // empty: everybody may do everything
  bool operator==(const AccessSettings&) const = default;
};

struct ControlSettings {
  std::string socket = "/run/docker-registry-ha/control.sock";  // empty: off
  bool operator==(const ControlSettings&) const = default;
};

struct HomepageSettings {
  std::string path = "/var/lib/docker-registry-ha/homepage";  // empty: off
  std::string registryName;                                   // empty: the name of this host
  bool operator==(const HomepageSettings&) const = default;
};

struct StartupSettings {
  HttpSettings http;
  StorageSettings storage;
  std::vector<StorageRoute> storageRoutes;
  IndexSettings index;
  LimitSettings limits;
  CacheSettings cache;
  CatalogSettings catalog;
  UploadSettings uploads;
  LogSettings log;
  AccessSettings access;
  ControlSettings control;
  HomepageSettings homepage;
  bool operator==(const StartupSettings&) const = default;
};

}  // namespace rha::config
