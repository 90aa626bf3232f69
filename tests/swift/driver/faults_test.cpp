#include <thread>

#include "swift/driver/swift_fixture.h"

namespace rha::storage::test {
namespace {

class SwiftFaults : public SwiftTest {
 protected:
  void pushAndPull(const std::string& bytes) { expectPushAndPull(*driver, bytes); }
};
RHA_ON_EACH_SWIFT(SwiftFaults);

TEST_P(SwiftFaults, OneFailureOfAnyRequestIsNotSeen) {
  const std::string bytes = pattern(1500000);
  std::vector<std::string> statuses{"503", "401"};
  if (GetParam() == SwiftProfile::Full) {
    statuses.insert(statuses.end(), {"500", "408", "429", "498", "499", "422"});
  }
  for (const std::string method : {"HEAD", "GET", "PUT", "DELETE"}) {
    for (const std::string& status : statuses) {
      fault("proxy method=" + method + " status=" + status + " count=1");
      pushAndPull(bytes);
    }
  }
}

TEST_P(SwiftFaults, EveryThirdRequestMayFail) {
  for (int skip = 0; skip < 12; ++skip) {
    fault("proxy path=/test- status=503 count=1 skip=" + std::to_string(skip));
  }
  pushAndPull(pattern(3500000));
}

TEST_P(SwiftFaults, WhatIsDoneButAnsweredWith503IsDoneOnce) {
  const std::string bytes = pattern(2500000);
  for (const std::string method : {"PUT", "DELETE"}) {
    for (int skip = 0; skip < 4; ++skip) {
      fault("proxy method=" + method + " path=/test- status=503 when=after count=1 skip=" + std::to_string(skip));
      pushAndPull(bytes);
      aio("fault clear");
    }
  }
  EXPECT_EQ(objects("segments/").size(), 3U);
  EXPECT_TRUE(objects("files/" + kUpload).empty());
}

TEST_P(SwiftFaults, AStorageThatStaysAwayIsUnavailable) {
  settings.retry.attempts = 3;
  driver = makeDriver();
  fault("proxy path=/test- status=503");
  EXPECT_EQ(failureOf([&] { driver->get("a", 10); }), StorageFailure::Unavailable);
  EXPECT_EQ(failureOf([&] { driver->put("a", "x", Durability::Durable); }), StorageFailure::Unavailable);
  EXPECT_EQ(failureOf([&] { driver->stat("a"); }), StorageFailure::Unavailable);
  EXPECT_EQ(failureOf([&] { driver->check(); }), StorageFailure::Unavailable);
}

TEST_P(SwiftFaults, AFullStorageSaysSo) {
  fault("proxy method=PUT path=/test- status=413 count=1");
  EXPECT_EQ(failureOf([&] { driver->put("a", "x", Durability::Durable); }), StorageFailure::NoSpace);
}

TEST_P(SwiftFaults, ATokenRevokedInTheMiddleOfAPushIsReplaced) {
  const std::string bytes = pattern(4000000);
  const auto session = driver->startUpload(kUpload);
  append(*session, std::string_view(bytes).substr(0, 1500000));
  aio("revoke");
  append(*session, std::string_view(bytes).substr(1500000, 1000000));
  aio("revoke");
  append(*session, std::string_view(bytes).substr(2500000));
  aio("revoke");
  session->commit(kBlob);
  aio("revoke");
  EXPECT_TRUE(read() == bytes);
}

TEST_P(SwiftFaults, ManyThreadsWithOneDeadTokenAskForOneNewOne) {
  for (int i = 0; i < 16; ++i) {
    driver->put("docker/link" + std::to_string(i), "x", Durability::Durable);
  }
  const auto asked = [&] {
    const std::string text = metrics.render();
    const std::string row = R"(registry_ha_storage_requests_total{driver="swift",operation="auth",status="200"} )";
    return std::stoull(text.substr(text.find(row) + row.size()));
  };
  const auto before = asked();
  aio("revoke");
  std::vector<std::jthread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&, i] { EXPECT_EQ(driver->get("docker/link" + std::to_string(i), 10), "x"); });
  }
  threads.clear();
  EXPECT_LE(asked() - before, 3U);  // one as a rule; a late 401 may reject no newer token than the one it used
}

TEST_P(SwiftFaults, AWrongPasswordIsReportedAndACorrectedOneTaken) {
  std::ofstream(settings.passwordFile) << "wrong\n";
  SwiftSettings other = settings;
  other.container = "test-" + base::randomUuid();
  base::SystemClock clock;
  const base::Logger logger{{.descriptor = -1}};
  SwiftDriver refused(other, clock, logger, metrics);
  try {
    refused.open();
    FAIL() << "accepted";
  } catch (const StorageError& error) {
    EXPECT_EQ(error.failure(), StorageFailure::Broken);
    const std::string text = error.what();
    EXPECT_NE(text.find("docker:registry"), std::string::npos) << text;
    EXPECT_NE(text.find(settings.passwordFile.string()), std::string::npos) << text;
    EXPECT_EQ(text.find("wrong"), std::string::npos) << text;
  }
  std::ofstream(settings.passwordFile) << "swiftaiokey\n";
  EXPECT_NO_THROW(refused.open());
}

TEST_P(SwiftFaults, ABodyThatIsCutGoesOnWhereItBroke) {
  const std::string bytes = pattern(3000000);
  push(bytes);
  fault("proxy method=GET path=/segments/ cut=100000 count=4");
  EXPECT_TRUE(read() == bytes);
  aio("fault clear");
  const std::string small = pattern(900000, 2);
  push(small, "docker/registry/v2/blobs/sha256/cd/cdef/data", "docker/registry/v2/repositories/a/_uploads/u2");
  fault("proxy method=GET path=/data cut=1000 count=3");
  EXPECT_TRUE(read("docker/registry/v2/blobs/sha256/cd/cdef/data") == small);
}

TEST_P(SwiftFaults, ManySegmentsAreReadWithoutSwiftsThrottle) {
  const std::string bytes = pattern(20U << 20U);
  push(bytes);
  EXPECT_EQ(objects("segments/").size(), 20U);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(read() == bytes);
  // Swift's own answer takes a second for each segment after the tenth.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
}

TEST_P(SwiftFaults, UploadsThatShareLittleMemoryAllArrive) {
  settings.spoolBytes = 3U << 20U;
  driver = makeDriver();
  expectUploadsAllArrive(*driver, 3300000);
}

TEST_P(SwiftFaults, AnUploadThatGetsNoMemoryEndsAsUnavailable) {
  settings.spoolBytes = 1U << 20U;
  settings.spoolWait = std::chrono::milliseconds(50);
  driver = makeDriver();
  const auto holder = driver->startUpload(kUpload);
  append(*holder, "x");
  const auto other = driver->startUpload(kUpload + "b");
  EXPECT_EQ(failureOf([&] { append(*other, "y"); }), StorageFailure::Unavailable);
}

}  // namespace
}  // namespace rha::storage::test
