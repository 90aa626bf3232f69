#include "storage/check_object.h"

#include "base/secret.h"

namespace rha::storage {

void checkByObject(StorageDriver& driver) {
  const std::string token = base::randomUuid();
  const std::string path = "docker/registry-ha/health/" + token;
  driver.put(path, token, Durability::Durable);
  const auto read = driver.get(path, token.size());
  const bool removed = driver.remove(path);
  if (read != token || !removed) {
    throw StorageError(StorageFailure::Corrupt, std::string(driver.name()) + ": " + path +
                                                    " was written but not found unchanged: is another program "
                                                    "removing files in this storage?");
  }
}

}  // namespace rha::storage
