#include "apps/registryd/storage_parts.h"

#include "storage/filesystem_driver.h"
#include "storage/memory_driver.h"
#include "storage/metered_driver.h"
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
  auto driver = std::make_unique<storage::FilesystemDriver>(storage::FilesystemSettings{settings.filesystem.root});
  driver->open(use);
  if (driver->changes() == nullptr) {
    tools.logger.warn("answers_not_kept",
                      {{"reason", driver->whyUncached()},
                       {"effect", "manifests and small blobs are read from the storage each time"}});
  }
  return driver;
}

}  // namespace

std::unique_ptr<storage::StorageDriver> openStorage(const config::StorageSettings& settings, const StorageTools& tools,
                                                    storage::OpenFor use) {
  return std::make_unique<storage::MeteredDriver>(makeDriver(settings, tools, use), tools.clock, tools.metrics);
}

}  // namespace rha::registryd
