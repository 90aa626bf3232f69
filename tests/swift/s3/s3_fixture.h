// S3Test: the s3 driver on a real S3, with a small language. S3FaultsTest: on that of a Swift, whose faults the test
// chooses. Each test has a bucket of its own.
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
#include "support/storage_steps.h"
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

  std::unique_ptr<S3Driver> makeDriver() {
    auto made = std::make_unique<S3Driver>(settings, clock, metrics);
    made->open();
    return made;
  }

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

  void push(const std::string& bytes, const std::string& path = kBlob) { test::push(*driver, bytes, path); }
  std::string read(const std::string& path = kBlob, std::optional<ByteRange> range = std::nullopt) {
    return test::read(*driver, path, range);
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
  std::uint64_t requests() { return requestsIn(metrics); }

  base::SystemClock clock;
  S3Settings settings;
  base::MetricsRegistry metrics;
  std::unique_ptr<S3Driver> driver;

 private:
  rha::test::TemporaryFolder folder_;
};

class S3FaultsTest : public S3Test {
 protected:
  void SetUp() override {
    if (!rha::test::s3IsSwift()) {
      GTEST_SKIP() << "this S3 does not fail when it is told to";
    }
    S3Test::SetUp();
  }
  void TearDown() override {
    if (driver) {
      aio("fault clear");
      aio("lag off");
    }
  }
  void aio(const std::string& arguments) { rha::test::swiftAio(rha::test::SwiftProfile::Full, arguments); }
  void fault(const std::string& rule) { aio("fault add proxy path=/test- " + rule); }
};

}  // namespace rha::storage::test
