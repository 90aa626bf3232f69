// S3Settings: which bucket, with which credentials, and how the driver uses it. Plain data.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "storage/retry.h"

namespace rha::storage {

// How the bucket is named in a request: http://host/bucket/key or http://bucket.host/key.
enum class S3Addressing : std::uint8_t { Path, VirtualHost };

struct S3Settings {
  std::string bucket;
  std::string region = "us-east-1";
  std::string endpoint;  // "https://host[:port]"; empty: Amazon's of the region
  S3Addressing addressing = S3Addressing::VirtualHost;
  std::filesystem::path credentialsFile;  // see S3Credentials
  std::string prefix;                     // put before every key; "" or "dir"
  std::string caFile;                     // empty: the system's
  std::uint64_t partBytes = 32U << 20U;
  std::uint64_t spoolBytes = 256U << 20U;  // of all uploads together, in memory
  std::size_t maxConnections = 128;
  std::chrono::milliseconds spoolWait{60'000};  // longest wait of an upload for its first memory
  std::chrono::milliseconds requestTimeout{60'000};
  RetrySettings retry;
};

// What S3 takes as a part that is not the last one.
inline constexpr std::uint64_t kS3MinPartBytes = 5U << 20U;
inline constexpr std::uint64_t kS3MaxParts = 10'000;

}  // namespace rha::storage
