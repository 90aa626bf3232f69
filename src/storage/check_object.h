// StorageDriver::check() in terms of the driver's other methods, the same for every driver.
#pragma once

#include "storage/storage_driver.h"

namespace rha::storage {

// Writes, reads and removes docker/registry-ha/health/<random>. Throws StorageError when one of them fails or the bytes
// come back changed.
void checkByObject(StorageDriver& driver);

}  // namespace rha::storage
