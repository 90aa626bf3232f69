// StorageError: a storage operation failed. Not for "not found", which is a normal answer.
//
// what() names driver, operation, path or URL and cause, for the log; it never goes to a client.
#pragma once

#include <stdexcept>
#include <string>

namespace rha::storage {

enum class StorageFailure : std::uint8_t {
  NoSpace,      // disk, quota or container full: the client gets 507/503, nothing was stored
  Unavailable,  // the storage cannot be reached or is overloaded: 503 with Retry-After
  Corrupt,      // what is stored is not what was written (short object, missing segment)
  Broken,       // anything else: permissions, I/O errors
};

class StorageError : public std::runtime_error {
 public:
  StorageError(StorageFailure failure, const std::string& what) : std::runtime_error(what), failure_(failure) {}
  [[nodiscard]] StorageFailure failure() const { return failure_; }

 private:
  StorageFailure failure_;
};

inline bool isCorrupt(const StorageError& error) { return error.failure() == StorageFailure::Corrupt; }

}  // namespace rha::storage
