// Where the S3 of the tests is: Swift's own S3 on the cluster with all middleware, or Ceph's RADOS gateway.
// tests/swift/run has started it.
//
//   RHA_TEST_S3   its endpoint; unset: there is none, and tests of it are left out
#pragma once

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "storage/s3_call.h"
#include "storage/s3_settings.h"
#include "support/swift_under_test.h"

namespace rha::test {

inline bool s3Runs() { return !environment("RHA_TEST_S3").empty(); }

// Whether it is Swift's, which fails when tests/tools/swift-aio tells it to.
inline bool s3IsSwift() { return s3Runs() && !environment("RHA_TEST_SWIFT_FULL").empty(); }

inline void writeS3Credentials(const std::filesystem::path& file, const std::string& secret) {
  std::ofstream(file) << "[default]\naws_access_key_id = docker:registry\naws_secret_access_key = " << secret << "\n";
}

// Puts the credentials into `folder`.
inline storage::S3Settings s3Settings(const std::filesystem::path& folder, const std::string& bucket) {
  storage::S3Settings settings;
  settings.endpoint = environment("RHA_TEST_S3");
  settings.addressing = storage::S3Addressing::Path;
  settings.credentialsFile = folder / "credentials";
  writeS3Credentials(settings.credentialsFile, "swiftaiokey");
  settings.bucket = bucket;
  settings.prefix = "registry";
  settings.partBytes = 5U << 20U;
  return settings;
}

// The driver makes none.
inline void makeS3Bucket(const storage::S3Settings& settings, const base::Clock& clock) {
  base::MetricsRegistry metrics;
  storage::S3Service service(settings, clock, metrics);
  const fetch::MemoryBody empty("");
  storage::S3Call(service, {.operation = "bucket_put",
                            .method = "PUT",
                            .body = &empty,
                            .bodyHash = base::hashHex(base::HashAlgorithm::Sha256, "")})
      .finish();
}

}  // namespace rha::test
