// Makes the storage that the settings ask for: the one place that knows all drivers.
//
// Called by one thread, at the start. What is in StorageTools is borrowed by the driver for its life.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "config/settings.h"
#include "storage/open_for.h"
#include "storage/storage_driver.h"

namespace rha::registryd {

struct StorageTools {
  const base::Clock& clock;
  const base::Logger& logger;
  base::MetricsRegistry& metrics;
};

// Opens it, metered. For reading, it is sent no write. Throws StorageError with a text for the operator.
std::unique_ptr<storage::StorageDriver> openStorage(const config::StorageSettings& settings, const StorageTools& tools,
                                                    storage::OpenFor use);

}  // namespace rha::registryd
