// Steps of tests on a StorageDriver: bytes to store, a push as a client makes it, a look at what is there, and what
// several suites expect of any driver whose storage is elsewhere.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/body_source.h"
#include "base/metrics.h"
#include "storage/storage_driver.h"
#include "storage/storage_error.h"
#include "support/test_bytes.h"

namespace rha::storage::test {

inline const std::string kBlob = "docker/registry/v2/blobs/sha256/ab/abcd/data";
inline const std::string kUpload = "docker/registry/v2/repositories/a/_uploads/u1";

using rha::test::pattern;

inline void append(UploadSession& session, std::string_view bytes) { session.append(std::as_bytes(std::span(bytes))); }

// The failure of the StorageError that `call` throws; nullopt if it throws none.
template <typename Call>
std::optional<StorageFailure> failureOf(Call&& call) {
  try {
    call();
  } catch (const StorageError& error) {
    return error.failure();
  }
  return std::nullopt;
}

// A PATCH: goes on from `state` ("" to begin), returns the next one.
inline std::string patch(StorageDriver& driver, const std::string& state, std::string_view bytes,
                         const std::string& upload = kUpload) {
  const auto session = state.empty() ? driver.startUpload(upload) : driver.resumeUpload(upload, state);
  if (!session) {
    ADD_FAILURE() << "not resumed: " << state;
    return state;
  }
  append(*session, bytes);
  session->flush();
  return session->state();
}

// The PUT after it.
inline void finish(StorageDriver& driver, const std::string& state, const std::string& path = kBlob,
                   const std::string& upload = kUpload) {
  const auto session = driver.resumeUpload(upload, state);
  ASSERT_TRUE(session) << state;
  session->commit(path);
}

// As a push does it: PATCH, then PUT with another session.
inline void push(StorageDriver& driver, std::string_view bytes, const std::string& path = kBlob,
                 const std::string& upload = kUpload) {
  finish(driver, patch(driver, "", bytes, upload), path, upload);
}

// What open() yields for the object; "(none)" if it is not there.
inline std::string read(StorageDriver& driver, const std::string& path = kBlob,
                        std::optional<ByteRange> range = std::nullopt) {
  const auto source = driver.open(path, range);
  return source ? base::readAll(*source, std::uint64_t{1} << 32U) : "(none)";
}

// Requests to the storage so far, but those for tokens.
inline std::uint64_t requestsIn(base::MetricsRegistry& metrics) {
  std::uint64_t sum = 0;
  const std::string text = metrics.render();
  std::size_t at = 0;
  while ((at = text.find("registry_ha_storage_requests_total{", at)) != std::string::npos) {
    const std::string line = text.substr(at, text.find('\n', at) - at);
    if (line.find("operation=\"auth\"") == std::string::npos) {
      sum += std::stoull(line.substr(line.rfind(' ')));
    }
    at += line.size();
  }
  return sum;
}

// What a push, a look and a pull need of the driver.
inline void expectPushAndPull(StorageDriver& driver, const std::string& bytes) {
  push(driver, bytes);
  driver.put("docker/registry/v2/link", "sha256:abc", Durability::Durable);
  EXPECT_EQ(driver.get("docker/registry/v2/link", 100), "sha256:abc");
  EXPECT_EQ(driver.stat(kBlob)->size, bytes.size());
  EXPECT_TRUE(read(driver) == bytes);
}

// Of a storage whose listings lag.
inline void expectOnlyListingsLag(StorageDriver& driver, const std::string& bytes) {
  push(driver, bytes);
  EXPECT_EQ(driver.stat(kBlob)->size, bytes.size());
  EXPECT_TRUE(read(driver) == bytes);
  driver.put("docker/link", "x", Durability::Durable);
  EXPECT_EQ(driver.get("docker/link", 10), "x");
  EXPECT_TRUE(driver.remove("docker/link"));
  EXPECT_FALSE(driver.get("docker/link", 10));
  EXPECT_TRUE(driver.remove(kBlob));
  EXPECT_FALSE(driver.stat(kBlob));
  push(driver, bytes);
  EXPECT_TRUE(read(driver) == bytes);
}

// Of `size` bytes each, at the same time.
inline void expectUploadsAllArrive(StorageDriver& driver, std::size_t size) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&driver, i, size] {
      const std::string bytes = pattern(size, static_cast<std::uint32_t>(i));
      const std::string path = "docker/registry/v2/blobs/sha256/aa/" + std::to_string(i) + "/data";
      const auto session = driver.startUpload(kUpload + std::to_string(i));
      for (std::size_t at = 0; at < bytes.size(); at += 100000) {
        append(*session, std::string_view(bytes).substr(at, 100000));
      }
      session->commit(path);
      EXPECT_TRUE(read(driver, path) == bytes);
    });
  }
}

}  // namespace rha::storage::test
