// Objects of a bucket: looked up, copied, removed and listed. Used by the driver and by uploads.
//
// Existence is told by HEAD and GET; a listing may be behind the truth where the S3 stands before another store
// (Swift's does). Thread-safe as S3Service is. Failure: StorageError.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "storage/s3_call.h"
#include "storage/storage_driver.h"

namespace rha::storage {

// nullopt: it is not there.
std::optional<ObjectInfo> headS3(S3Service& service, const std::string& key, std::string_view operation);

// Copies within the storage, up to 5 GiB. False: the source is not there.
bool copyS3(S3Service& service, const std::string& from, const std::string& to);

// Value of x-amz-copy-source.
std::string copySourceS3(const S3Service& service, const std::string& key);

// Creates or replaces an object.
void putS3(S3Service& service, std::string_view operation, const std::string& key, const fetch::RequestBody& body,
           const std::string& sha256);

// Removes objects, many with one request. Those that are not there are no failure.
void removeS3(S3Service& service, const std::vector<std::string>& keys);

enum class S3Listing : std::uint8_t {
  Folded,  // what is below the first '/' after the prefix is one entry, a folder
  Deep
};

// Calls `visit` with each page of the keys that begin with `prefix`, until it returns false.
void listS3(S3Service& service, const std::string& prefix, S3Listing depth,
            const std::function<bool(const std::vector<S3Entry>&)>& visit);

}  // namespace rha::storage
