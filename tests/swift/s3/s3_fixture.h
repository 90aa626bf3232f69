// S3Test: the s3 driver on the S3 of a real Swift whose faults the test chooses, with a small language. Each test has a
// bucket of its own.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "storage/s3_driver.h"
#include "storage/s3_object.h"
#include "support/fake_clock.h"
#include "support/s3_under_test.h"
#include "support/temporary_folder.h"

namespace rha::storage::test {

class S3Test : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kMax = std::uint64_t{1} << 30U;
  static constexpr std::size_t kMiB = std::size_t{1} << 20U;

  void SetUp() override {
    if (!rha::test::s3Runs()) {
      GTEST_SKIP() << "no S3 runs: tests/swift/run starts one";
    }
    settings = rha::test::s3Settings(folder_.path(), "test-" + base::randomUuid());
    settings.retry.firstPause = std::chrono::milliseconds(5);
    settings.retry.longestPause = std::chrono::milliseconds(200);
    rha::test::makeS3Bucket(settings, clock);
    driver = makeDriver();
  }
  void TearDown() override {
    if (driver) {
      aio("fault clear");
      aio("lag off");
    }
  }

  std::unique_ptr<S3Driver> makeDriver() {
    auto made = std::make_unique<S3Driver>(settings, clock, metrics);
    made->open();
    return made;
  }

  void aio(const std::string& arguments) { rha::test::swiftAio(rha::test::SwiftProfile::Full, arguments); }
  void fault(const std::string& rule) { aio("fault add proxy path=/test- " + rule); }

  // All keys of the bucket, without the prefix.
  std::vector<std::string> keys() {
    base::MetricsRegistry own;
    S3Service service(settings, clock, own);
    std::vector<std::string> found;
    listS3(service, settings.prefix + '/', S3Listing::Deep, [&](const std::vector<S3Entry>& page) {
      std::transform(page.begin(), page.end(), std::back_inserter(found),
                     [&](const S3Entry& entry) { return entry.key.substr(settings.prefix.size() + 1); });
      return true;
    });
    return found;
  }
  // Multipart uploads that were begun and neither completed nor aborted.
  std::string unfinished() {
    base::MetricsRegistry own;
    S3Service service(settings, clock, own);
    const auto answer = S3Call(service, {.operation = "uploads_list", .query = {{"uploads", ""}}}).finish(kMax);
    return parseS3Value(answer.body, "ListMultipartUploadsResult/Upload/UploadId").value_or("");
  }

  static std::string pattern(std::size_t size, std::uint32_t seed = 1) {
    std::string bytes(size, '\0');
    std::uint32_t value = seed * 2654435761U + 1U;
    for (char& byte : bytes) {
      value = value * 1664525U + 1013904223U;
      byte = static_cast<char>(value >> 24U);
    }
    return bytes;
  }
  static void append(UploadSession& session, std::string_view bytes) {
    session.append(std::as_bytes(std::span(bytes)));
  }
  // A PATCH: goes on from `state` ("" to begin), returns the next one.
  std::string patch(S3Driver& on, const std::string& state, std::string_view bytes) {
    const auto session = state.empty() ? on.startUpload(kUpload) : on.resumeUpload(kUpload, state);
    if (!session) {
      ADD_FAILURE() << "not resumed: " << state;
      return state;
    }
    append(*session, bytes);
    session->flush();
    return session->state();
  }
  void finish(S3Driver& on, const std::string& state, const std::string& path = kBlob) {
    const auto session = on.resumeUpload(kUpload, state);
    ASSERT_TRUE(session) << state;
    session->commit(path);
  }
  // As a push does it: PATCH, then PUT with another session.
  void push(const std::string& bytes, const std::string& path = kBlob) {
    finish(*driver, patch(*driver, "", bytes), path);
  }
  std::string read(const std::string& path = kBlob, std::optional<ByteRange> range = std::nullopt) {
    const auto source = driver->open(path, range);
    return source ? base::readAll(*source, kMax) : "(none)";
  }
  struct Failure {
    std::optional<StorageFailure> kind;
    std::string text;
  };
  Failure failureOf(const std::function<void()>& work) {
    try {
      work();
      return {};
    } catch (const StorageError& error) {
      return {error.failure(), error.what()};
    }
  }
  std::uint64_t requests() {
    std::uint64_t sum = 0;
    const std::string text = metrics.render();
    std::size_t at = 0;
    while ((at = text.find("registry_ha_storage_requests_total{", at)) != std::string::npos) {
      const std::string line = text.substr(at, text.find('\n', at) - at);
      sum += std::stoull(line.substr(line.rfind(' ')));
      at += line.size();
    }
    return sum;
  }

  static inline const std::string kBlob = "docker/registry/v2/blobs/sha256/ab/abcd/data";
  static inline const std::string kUpload = "docker/registry/v2/repositories/a/_uploads/u1";

  base::SystemClock clock;
  S3Settings settings;
  base::MetricsRegistry metrics;
  std::unique_ptr<S3Driver> driver;

 private:
  rha::test::TemporaryFolder folder_;
};

}  // namespace rha::storage::test
