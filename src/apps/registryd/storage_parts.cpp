#include "apps/registryd/storage_parts.h"

#include <numeric>

#include "registry/layout.h"
#include "storage/caching_driver.h"
#include "storage/filesystem_driver.h"
#include "storage/memory_driver.h"
#include "storage/metered_driver.h"
#include "storage/s3_driver.h"
#include "storage/swift_driver.h"

namespace rha::registryd {
namespace {

storage::SwiftSettings swiftSettings(const config::SwiftSettings& settings) {
  storage::SwiftSettings swift;
  swift.authUrl = settings.authUrl;
  swift.authVersion = settings.authVersion == "3" ? 3 : 1;
  swift.user = settings.user;
  swift.passwordFile = settings.passwordFile;
  swift.userDomain = settings.userDomain;
  swift.project = settings.project;
  swift.projectDomain = settings.projectDomain;
  swift.region = settings.region;
  swift.endpointType = settings.endpointType;
  swift.container = settings.container;
  swift.prefix = settings.prefix;
  swift.caFile = settings.caFile;
  swift.segmentBytes = settings.segmentBytes;
  swift.spoolBytes = settings.spoolBytes;
  swift.maxConnections = settings.maxConnections;
  swift.requestTimeout = settings.requestTimeout;
  return swift;
}

storage::S3Settings s3Settings(const config::S3Settings& settings) {
  storage::S3Settings s3;
  s3.bucket = settings.bucket;
  s3.region = settings.region;
  s3.endpoint = settings.endpoint;
  s3.addressing = settings.pathStyle ? storage::S3Addressing::Path : storage::S3Addressing::VirtualHost;
  s3.credentialsFile = settings.credentialsFile;
  s3.prefix = settings.prefix;
  s3.caFile = settings.caFile;
  s3.partBytes = settings.partBytes;
  s3.spoolBytes = settings.spoolBytes;
  s3.maxConnections = settings.maxConnections;
  s3.requestTimeout = settings.requestTimeout;
  return s3;
}

std::unique_ptr<storage::StorageDriver> makeDriver(const config::StorageSettings& settings, const StorageTools& tools,
                                                   storage::OpenFor use) {
  if (settings.driver == "memory") {
    return std::make_unique<storage::MemoryDriver>();
  }
  if (settings.driver == "swift") {
    auto driver =
        std::make_unique<storage::SwiftDriver>(swiftSettings(settings.swift), tools.clock, tools.logger, tools.metrics);
    driver->open(use);
    return driver;
  }
  if (settings.driver == "s3") {
    auto driver = std::make_unique<storage::S3Driver>(s3Settings(settings.s3), tools.clock, tools.metrics);
    driver->open(use);
    return driver;
  }
  auto driver = std::make_unique<storage::FilesystemDriver>(storage::FilesystemSettings{settings.filesystem.root});
  driver->open(use);
  if (driver->changes() == nullptr) {
    tools.logger.warn("answers_not_kept",
                      {{"reason", driver->whyUncached()},
                       {"effect", "manifests and small blobs are read from the storage each time"}});
  }
  return driver;
}

std::unique_ptr<storage::StorageDriver> openStorage(const config::StorageSettings& settings, const StorageTools& tools,
                                                    storage::OpenFor use) {
  return std::make_unique<storage::MeteredDriver>(makeDriver(settings, tools, use), tools.clock, tools.metrics);
}

using Drivers = std::vector<std::unique_ptr<storage::StorageDriver>>;

// The main one first.
Drivers openAll(const config::StartupSettings& settings, const StorageTools& tools, storage::OpenFor use) {
  Drivers drivers;
  drivers.push_back(openStorage(settings.storage, tools, use));
  for (const config::StorageRoute& route : settings.storageRoutes) {
    drivers.push_back(openStorage(route.storage, tools, use));
  }
  return drivers;
}

registry::Storages placesOf(const Drivers& drivers, const std::vector<config::StorageRoute>& routes) {
  std::vector<registry::Storages::Place> others;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    others.push_back({routes[i].name, routes[i].namespaces, drivers[i + 1].get()});
  }
  return {*drivers.front(), std::move(others)};
}

std::unique_ptr<storage::BlobCache> startCache(const config::DiskCacheSettings& settings, const StorageTools& tools) {
  if (settings.path.empty()) {
    return nullptr;
  }
  const storage::DiskCacheSettings disk{.path = settings.path,
                                        .bytes = settings.bytes,
                                        .fills = settings.fills,
                                        .verifyInterval = settings.verifyInterval,
                                        .verifyBytesPerSecond = settings.verifyRate};
  auto cache = std::make_unique<storage::BlobCache>(disk, tools.clock, tools.logger, tools.metrics);
  cache->start();
  return cache;
}

Drivers cachingDrivers(const Drivers& drivers, storage::BlobCache* cache) {
  Drivers caching;
  for (const auto& driver : drivers) {
    if (cache != nullptr) {
      caching.push_back(std::make_unique<storage::CachingDriver>(*driver, *cache, registry::layout::blobAt));
    }
  }
  return caching;
}

}  // namespace

OpenStorages::OpenStorages(const config::StartupSettings& settings, const StorageTools& tools, storage::OpenFor use)
    : drivers_(openAll(settings, tools, use)),
      storages_(placesOf(drivers_, settings.storageRoutes)),
      cache_(startCache(settings.cache.disk, tools)),
      caching_(cachingDrivers(drivers_, cache_.get())),
      forBlobs_(placesOf(cache_ ? caching_ : drivers_, settings.storageRoutes)) {}

OpenStorages::~OpenStorages() {
  if (cache_) {
    cache_->stop();  // before the drivers end that its fills read
  }
}

void OpenStorages::check(storage::OpenFor use) const {
  if (use == storage::OpenFor::Reading) {
    static_cast<void>(registry::knownIdentityOf(storages_));
    return;
  }
  for (const auto& driver : drivers_) {
    driver->check();
  }
}

void OpenStorages::beginWriting() const {
  for (const auto& driver : drivers_) {
    driver->beginWriting();
  }
}

std::uint64_t OpenStorages::removeLeftovers(base::WallTime before) const {
  return std::accumulate(drivers_.begin(), drivers_.end(), std::uint64_t{0},
                         [&](std::uint64_t sum, const auto& driver) { return sum + driver->removeLeftovers(before); });
}

std::string OpenStorages::names() const {
  std::string text;
  for (const registry::Storages::Place& place : storages_.all()) {
    text += place.name.empty() ? "" : ", " + place.name + ": ";
    text += place.driver->name();
  }
  return text;
}

}  // namespace rha::registryd
