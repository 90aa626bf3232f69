#include "swift/s3/s3_fixture.h"

namespace rha::storage::test {
namespace {

class S3Faults : public S3FaultsTest {
 protected:
  void pushAndPull(const std::string& bytes) {
    expectPushAndPull(*driver, bytes);
    EXPECT_TRUE(driver->remove(kBlob));
  }
};

TEST_F(S3Faults, OneFailureOfAnyRequestIsNotSeen) {
  const std::string bytes = pattern(11 * kMiB);
  for (const std::string method : {"HEAD", "GET", "PUT", "POST", "DELETE"}) {
    for (const std::string status : {"503", "500", "408", "429", "409"}) {
      fault("method=" + method + " status=" + status + " count=1");
      pushAndPull(bytes);
    }
  }
}

TEST_F(S3Faults, EachRequestMayFailOnce) {
  for (int skip = 0; skip < 24; skip += 2) {
    fault("status=503 count=1 skip=" + std::to_string(skip));
  }
  pushAndPull(pattern(12 * kMiB));
}

TEST_F(S3Faults, WhatIsDoneButAnsweredWith503IsDoneOnce) {
  const std::string bytes = pattern(12 * kMiB);
  for (const std::string method : {"PUT", "POST", "DELETE"}) {
    for (int skip = 0; skip < 4; ++skip) {
      fault("method=" + method + " status=503 when=after count=1 skip=" + std::to_string(skip));
      pushAndPull(bytes);
      aio("fault clear");
    }
  }
  EXPECT_EQ(keys(), std::vector<std::string>{"docker/registry/v2/link"});
}

TEST_F(S3Faults, AStorageThatStaysAwayIsUnavailable) {
  settings.retry.attempts = 3;
  driver = makeDriver();
  fault("status=503");
  EXPECT_EQ(failureOf([&] { driver->get("a", 10); }).kind, StorageFailure::Unavailable);
  EXPECT_EQ(failureOf([&] { driver->put("a", "x", Durability::Durable); }).kind, StorageFailure::Unavailable);
  EXPECT_EQ(failureOf([&] { driver->stat("a"); }).kind, StorageFailure::Unavailable);
  EXPECT_EQ(failureOf([&] { driver->check(); }).kind, StorageFailure::Unavailable);
}

TEST_F(S3Faults, AFullStorageSaysSo) {
  fault("method=PUT status=507 count=1");
  EXPECT_EQ(failureOf([&] { driver->put("a", "x", Durability::Durable); }).kind, StorageFailure::NoSpace);
}

TEST_F(S3Faults, ABodyThatIsCutGoesOnWhereItBroke) {
  const std::string bytes = pattern(11 * kMiB);
  push(bytes);
  fault("method=GET cut=1000000 count=4");
  EXPECT_TRUE(read() == bytes);
  aio("fault clear");
  fault("method=GET cut=1000 count=3");
  EXPECT_TRUE(read(kBlob, ByteRange{5000000, 2000000}) == bytes.substr(5000000, 2000000));
}

TEST_F(S3Faults, AnObjectThatIsReplacedWhileItIsReadIsNeverMixed) {
  const std::string bytes = pattern(3000000);
  driver->put(kBlob, bytes, Durability::Durable);
  fault("method=GET cut=1000000 count=1");
  const auto source = driver->open(kBlob, std::nullopt);
  driver->put(kBlob, pattern(3000000, 2), Durability::Durable);
  EXPECT_EQ(failureOf([&] { base::readAll(*source, kMax); }).kind, StorageFailure::Corrupt);
}

class S3Refusals : public S3Test {};

TEST_F(S3Refusals, AWrongSecretIsReportedAndACorrectedOneTaken) {
  rha::test::writeS3Credentials(settings.credentialsFile, "wrong");
  const auto failure = failureOf([&] { makeDriver(); });
  EXPECT_EQ(failure.kind, StorageFailure::Broken);
  EXPECT_NE(failure.text.find("SignatureDoesNotMatch"), std::string::npos) << failure.text;
  EXPECT_NE(failure.text.find("docker:registry"), std::string::npos) << failure.text;
  EXPECT_NE(failure.text.find(settings.credentialsFile.string()), std::string::npos) << failure.text;
  EXPECT_EQ(failure.text.find("wrong"), std::string::npos) << failure.text;
  rha::test::writeS3Credentials(settings.credentialsFile, "swiftaiokey");
  EXPECT_NO_THROW(makeDriver());
}

TEST_F(S3Refusals, AKeyThatIsExchangedInTheMiddleOfAPushIsTaken) {
  rha::test::writeS3Credentials(settings.credentialsFile, "old");
  S3Driver early(settings, clock, metrics);
  EXPECT_TRUE(failureOf([&] { early.open(); }).kind);  // now it holds the old one
  rha::test::writeS3Credentials(settings.credentialsFile, "swiftaiokey");
  finish(early, patch(early, "", "bytes"));
  EXPECT_EQ(read(), "bytes");
}

TEST_F(S3Refusals, AnUnknownAccessKeyIsNamed) {
  std::ofstream(settings.credentialsFile) << "aws_access_key_id=nobody:here\naws_secret_access_key=x\n";
  const auto failure = failureOf([&] { makeDriver(); });
  EXPECT_EQ(failure.kind, StorageFailure::Broken);
  EXPECT_NE(failure.text.find("nobody:here"), std::string::npos) << failure.text;
}

TEST_F(S3Refusals, AMissingBucketIsSaidToBeMissing) {
  settings.bucket = "none-" + settings.bucket;
  const auto failure = failureOf([&] { makeDriver(); });
  EXPECT_EQ(failure.kind, StorageFailure::Broken);
  EXPECT_NE(failure.text.find("storage.s3.bucket"), std::string::npos) << failure.text;
  S3Driver unopened(settings, clock, metrics);
  EXPECT_EQ(failureOf([&] { unopened.get("a", 10); }).kind, StorageFailure::Broken);
  EXPECT_EQ(failureOf([&] { unopened.put("a", "x", Durability::Durable); }).kind, StorageFailure::Broken);
}

TEST_F(S3Refusals, AWrongRegionIsNamed) {
  if (!rha::test::s3IsSwift()) {
    GTEST_SKIP() << "Ceph takes any region";
  }
  settings.region = "eu-north-9";
  const auto failure = failureOf([&] { makeDriver(); });
  EXPECT_EQ(failure.kind, StorageFailure::Broken);
  EXPECT_NE(failure.text.find("storage.s3.region"), std::string::npos) << failure.text;
  EXPECT_NE(failure.text.find("us-east-1"), std::string::npos) << failure.text;
}

TEST_F(S3Refusals, AWrongClockIsNamed) {
  class LateClock final : public base::Clock {
   public:
    [[nodiscard]] base::WallTime now() const override { return system_.now() - std::chrono::hours(1); }
    [[nodiscard]] base::SteadyTime steady() const override { return system_.steady(); }

   private:
    base::SystemClock system_;
  } late;
  S3Driver wrong(settings, late, metrics);
  const auto failure = failureOf([&] { wrong.open(); });
  EXPECT_EQ(failure.kind, StorageFailure::Broken);
  EXPECT_NE(failure.text.find("clock is -3600 s ahead"), std::string::npos) << failure.text;
}

TEST_F(S3Refusals, WhatIsNoS3IsSaidToBeNone) {
  settings.endpoint += "/healthcheck";
  settings.retry.attempts = 1;
  const auto failure = failureOf([&] { makeDriver(); });
  EXPECT_TRUE(failure.kind);
  EXPECT_NE(failure.text.find(settings.bucket), std::string::npos) << failure.text;
}

}  // namespace
}  // namespace rha::storage::test
