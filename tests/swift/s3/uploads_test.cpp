#include <thread>

#include "swift/s3/s3_fixture.h"

namespace rha::storage::test {
namespace {

class S3Uploads : public S3Test {};
class S3Lag : public S3FaultsTest {};

TEST_F(S3Uploads, ABlobIsOneObjectUnderTheOldRegistrysKey) {
  const std::string bytes = pattern(12 * kMiB);
  push(bytes);
  EXPECT_EQ(keys(), std::vector<std::string>{kBlob});
  EXPECT_EQ(driver->stat(kBlob)->size, bytes.size());
  EXPECT_TRUE(read() == bytes);
  EXPECT_EQ(unfinished(), "");
}

TEST_F(S3Uploads, AnEmptyBlobWorks) {
  push("");
  EXPECT_EQ(driver->stat(kBlob)->size, 0U);
  EXPECT_EQ(read(), "");
}

TEST_F(S3Uploads, WithoutAPrefixKeysBeginWithTheLayoutsRoot) {
  settings.prefix = "";
  driver = makeDriver();
  driver->put("docker/registry/v2/a/link", "x", Durability::Durable);
  settings.prefix = "docker/registry";
  EXPECT_EQ(makeDriver()->get("v2/a/link", 10), "x");
}

TEST_F(S3Uploads, AThousandPatchesMakeOneBlob) {
  std::string all;
  std::string state;
  const auto other = makeDriver();
  for (std::uint32_t i = 0; i < 1000; ++i) {
    // Of uneven sizes, and by two registries in turn.
    const std::string bytes = pattern(1000 + 37 * (i % 50), i);
    state = patch(i % 2 == 0 ? *driver : *other, state, bytes);
    ASSERT_LE(state.size(), 2048U) << i;
    all += bytes;
  }
  finish(*driver, state);
  EXPECT_TRUE(read() == all);
  EXPECT_EQ(keys(), std::vector<std::string>{kBlob});
}

TEST_F(S3Uploads, AStateStaysShortWithManyUnevenPieces) {
  std::string all;
  std::string state;
  for (std::uint32_t i = 0; i < 60; ++i) {
    const std::string bytes = pattern(kS3MinPartBytes + 100 + i, i);
    settings.partBytes = bytes.size();
    state = patch(*makeDriver(), state, bytes);
    ASSERT_LE(state.size(), 2048U) << i;
    all += bytes;
  }
  EXPECT_EQ(state.substr(0, 6), "s3a O ");
  finish(*driver, state);
  EXPECT_TRUE(read() == all);
  EXPECT_EQ(keys(), std::vector<std::string>{kBlob});
}

TEST_F(S3Uploads, AnotherRegistryGoesOnWithAnUpload) {
  const std::string bytes = pattern(18 * kMiB);
  const auto other = makeDriver();
  std::string state = patch(*driver, "", std::string_view(bytes).substr(0, 7 * kMiB));
  state = patch(*other, state, std::string_view(bytes).substr(7 * kMiB, 3 * kMiB));
  state = patch(*driver, state, std::string_view(bytes).substr(10 * kMiB));
  finish(*other, state);
  EXPECT_TRUE(read() == bytes);
  EXPECT_EQ(keys(), std::vector<std::string>{kBlob});
}

TEST_F(S3Uploads, SmallPiecesBetweenLargeOnesArePutTogether) {
  // With one megabyte of memory every piece is one megabyte, and none can be taken back.
  settings.spoolBytes = kMiB;
  const auto poor = makeDriver();
  const std::string bytes = pattern(16 * kMiB + 12345);
  std::string state = patch(*poor, "", std::string_view(bytes).substr(0, 3 * kMiB));
  state = patch(*driver, state, std::string_view(bytes).substr(3 * kMiB, 7 * kMiB));
  state = patch(*poor, state, std::string_view(bytes).substr(10 * kMiB));
  finish(*driver, state);
  EXPECT_TRUE(read() == bytes);
  EXPECT_EQ(keys(), std::vector<std::string>{kBlob});
  EXPECT_EQ(unfinished(), "");
}

TEST_F(S3Uploads, UploadsThatShareLittleMemoryAllArrive) {
  settings.spoolBytes = 3 * kMiB;
  driver = makeDriver();
  expectUploadsAllArrive(*driver, 9 * kMiB + 77);
}

TEST_F(S3Uploads, AnUploadThatGetsNoMemoryEndsAsUnavailable) {
  settings.spoolBytes = kMiB;
  settings.spoolWait = std::chrono::milliseconds(50);
  driver = makeDriver();
  const auto holder = driver->startUpload(kUpload);
  append(*holder, "x");
  const auto other = driver->startUpload(kUpload + "b");
  EXPECT_EQ(failureOf([&] { append(*other, "y"); }).kind, StorageFailure::Unavailable);
}

TEST_F(S3Uploads, ADeadRequestsBytesAreNotPublished) {
  const std::string state = patch(*driver, "", pattern(6 * kMiB, 1));
  patch(*driver, state, pattern(3 * kMiB, 9));  // its answer never came
  finish(*makeDriver(), patch(*driver, state, pattern(2 * kMiB, 2)));
  EXPECT_TRUE(read() == pattern(6 * kMiB, 1) + pattern(2 * kMiB, 2));
  EXPECT_EQ(keys(), std::vector<std::string>{kBlob});
}

TEST_F(S3Uploads, AnUploadOfWhichAPieceIsGoneIsNotPublished) {
  const std::string state = patch(*driver, "", pattern(16 * kMiB));
  const auto session = driver->resumeUpload(kUpload, state);
  driver->remove(keys().at(1));
  const auto failure = failureOf([&] { session->commit(kBlob); });
  EXPECT_EQ(failure.kind, StorageFailure::Broken) << failure.text;
  EXPECT_FALSE(driver->stat(kBlob));
  EXPECT_EQ(unfinished(), "");
  session->cancel();
  EXPECT_TRUE(keys().empty());
}

TEST_F(S3Uploads, CancellingAndPurgingLeaveNothing) {
  const auto session = driver->startUpload(kUpload);
  append(*session, pattern(12 * kMiB));
  session->flush();
  session->cancel();
  EXPECT_TRUE(keys().empty());
  patch(*driver, "", pattern(6 * kMiB));
  EXPECT_EQ(driver->removeTree(kUpload), 2U);
  EXPECT_TRUE(keys().empty());
}

// What a process leaves that dies between the parts and their end.
TEST_F(S3Uploads, MultipartUploadsThatNobodyEndedAreAbortedWhenTheyAreOld) {
  const std::string ours = settings.prefix + '/' + kBlob;
  const auto begun = [&] {
    base::MetricsRegistry own;
    S3Service service(settings, clock, own);
    for (const std::string& key :
         {ours, ours, settings.prefix + "/docker/other", std::string("docker/registry/v2/x")}) {
      S3Call(service, {.operation = "begin", .method = "POST", .key = key, .query = {{"uploads", ""}}}).finish();
    }
    const std::string bytes = pattern(6 * kMiB);
    const fetch::MemoryBody body(bytes);
    S3Call(service, {.operation = "part",
                     .method = "PUT",
                     .key = ours,
                     .query = {{"partNumber", "1"}, {"uploadId", unfinished()}},
                     .body = &body,
                     .bodyHash = base::hashHex(base::HashAlgorithm::Sha256, bytes)})
        .finish();
    return service.clock.now();
  }();
  push(pattern(12 * kMiB));
  EXPECT_EQ(driver->removeLeftovers(begun - std::chrono::hours(1)), 0U);
  EXPECT_EQ(driver->removeLeftovers(begun + std::chrono::hours(1)), 2U);
  EXPECT_EQ(driver->removeLeftovers(begun + std::chrono::hours(1)), 0U);
  EXPECT_NE(unfinished(), "") << "what others keep in the bucket is left alone";
  EXPECT_TRUE(read() == pattern(12 * kMiB));
}

TEST_F(S3Uploads, PushingWhatIsThereLeavesOneCopy) {
  const std::string bytes = pattern(12 * kMiB);
  push(bytes);
  push(bytes);
  EXPECT_EQ(keys(), std::vector<std::string>{kBlob});
  EXPECT_TRUE(read() == bytes);
}

TEST_F(S3Uploads, AnObjectThatIsKnownToBeWrongIsReplacedByOneOfTheSameSize) {
  const std::string bytes = pattern(11 * kMiB);
  driver->put(kBlob, pattern(11 * kMiB, 2), Durability::Durable);
  driver->noteWrongBytes(kBlob);
  push(bytes);
  EXPECT_TRUE(read() == bytes);
}

TEST_F(S3Uploads, TheBucketMayBeAPartOfTheHostsName) {
  const std::string bytes = pattern(11 * kMiB);
  settings.endpoint.replace(settings.endpoint.find("127.0.0.1"), 9, "localhost");
  settings.addressing = S3Addressing::VirtualHost;
  driver = makeDriver();
  push(bytes);
  EXPECT_TRUE(read() == bytes);
  EXPECT_TRUE(driver->remove(kBlob));
}

TEST_F(S3Lag, WithALaggingListingNothingChangesButTheListing) {
  aio("lag on");
  expectOnlyListingsLag(*driver, pattern(13 * kMiB));
}

TEST_F(S3Uploads, RequestsAreFew) {
  const auto count = [&](const std::function<void()>& work) {
    const auto before = requests();
    work();
    return requests() - before;
  };
  EXPECT_EQ(count([&] { push(pattern(1000)); }), 4U);  // piece, is it there, copy, remove
  settings.partBytes = 32 * kMiB;
  driver = makeDriver();
  driver->remove(kBlob);
  EXPECT_EQ(count([&] { push(pattern(30 * kMiB)); }), 4U);
  driver->remove(kBlob);
  // 3 pieces, is it there, is the blob there; create, 3 copies, complete, its size; remove
  EXPECT_EQ(count([&] { push(pattern(70 * kMiB)); }), 12U);
  driver->remove(kBlob);
  EXPECT_EQ(count([&] {
              const auto session = driver->startUpload(kUpload);
              append(*session, pattern(20 * kMiB));
              session->commit(kBlob);
            }),
            1U);
  EXPECT_EQ(count([&] { driver->stat(kBlob); }), 1U);
  EXPECT_EQ(count([&] { read(); }), 1U);
  EXPECT_EQ(count([&] { driver->put("docker/link", "x", Durability::Durable); }), 1U);
  EXPECT_EQ(count([&] { driver->get("docker/link", 10); }), 1U);
  EXPECT_EQ(count([&] { driver->remove("docker/link"); }), 2U);
}

}  // namespace
}  // namespace rha::storage::test
