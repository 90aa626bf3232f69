// SwiftSettings: which Swift, as whom, and how the driver uses it. Plain data.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "storage/retry.h"

namespace rha::storage {

struct SwiftSettings {
  std::string authUrl;                 // v1: http://host/auth/v1.0; v3: http://host/v3
  unsigned authVersion = 1;            // 1 (TempAuth) or 3 (Keystone)
  std::string user;                    // v1: "account:user"
  std::filesystem::path passwordFile;  // the key, in its first line; read again for each token
  // Keystone only:
  std::string userDomain = "Default";
  std::string project;
  std::string projectDomain = "Default";
  std::string region;                   // empty: the first one with a Swift
  std::string endpointType = "public";  // public, internal or admin

  std::string container;
  std::string prefix;  // put before every object's name; "" or "dir"
  std::string caFile;  // empty: the system's
  std::uint64_t segmentBytes = 32U << 20U;
  std::uint64_t spoolBytes = 256U << 20U;  // of all uploads together, in memory
  std::size_t maxConnections = 128;
  std::chrono::milliseconds spoolWait{60'000};  // longest wait of an upload for its first memory
  std::chrono::milliseconds requestTimeout{60'000};
  RetrySettings retry;
};

}  // namespace rha::storage
