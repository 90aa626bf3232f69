#include <thread>

#include "swift/driver/swift_fixture.h"

namespace rha::storage::test {
namespace {

class SwiftLayout : public SwiftTest {
 protected:
  // A DLO as the old registry writes it: segments of these sizes, no metadata.
  std::string pushOld(const std::vector<std::size_t>& sizes, const std::string& path = kBlob) {
    std::string all;
    const std::string prefix = settings.prefix + "/segments/abc/def" + base::randomUuid();
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const std::string part = pattern(sizes[i], static_cast<std::uint32_t>(i + 7));
      EXPECT_EQ(raw("PUT", segmentName(prefix, i + 1, ""), {}, part).head.status, 201);
      all += part;
    }
    EXPECT_EQ(raw("PUT", objectName(path), {{"X-Object-Manifest", settings.container + '/' + prefix}}).head.status,
              201);
    return all;
  }
  void removeSegment(std::size_t index) { EXPECT_EQ(raw("DELETE", objects("segments/").at(index)).head.status, 204); }
};
RHA_ON_EACH_SWIFT(SwiftLayout);

TEST_P(SwiftLayout, ALargeBlobIsADloThatSwiftReadsItself) {
  const std::string bytes = pattern(3300000);
  push(bytes);
  EXPECT_TRUE(raw("GET", objectName(kBlob)).body == bytes);
  const auto manifest = raw("GET", objectName(kBlob) + "?multipart-manifest=get");
  EXPECT_EQ(manifest.body, "");
  EXPECT_EQ(manifest.head.find("X-Object-Meta-Registry-Segments-0"), "3x1048576,1x154272");
  const auto segments = objects("segments/");
  ASSERT_EQ(segments.size(), 4U);
  EXPECT_TRUE(segments[0].ends_with("/0000000000000001")) << segments[0];
  EXPECT_TRUE(segments[0].starts_with(settings.prefix + "/segments/2f6/46f636b65722f")) << segments[0];
  EXPECT_TRUE(objects("files/" + kUpload).empty());
}

TEST_P(SwiftLayout, ASmallBlobIsAPlainObject) {
  const std::string bytes = pattern(1000);
  push(bytes);
  EXPECT_TRUE(objects("segments/").empty());
  EXPECT_EQ(raw("GET", objectName(kBlob)).body, bytes);
}

TEST_P(SwiftLayout, AnEmptyBlobWorks) {
  push("");
  EXPECT_EQ(driver->stat(kBlob)->size, 0U);
  EXPECT_EQ(read(), "");
}

TEST_P(SwiftLayout, AnUploadInOneRequestIsAPlainObjectUpToASegment) {
  const auto session = driver->startUpload(kUpload);
  const std::string bytes = pattern(1040000);
  append(*session, bytes);
  const auto before = requests();
  session->commit(kBlob);
  EXPECT_EQ(requests() - before, 1U);
  EXPECT_TRUE(raw("GET", objectName(kBlob)).body == bytes);
}

TEST_P(SwiftLayout, OldLargeObjectsAreReadByTheirSegments) {
  const std::string bytes = pushOld({700000, 1, 800000, 1300000});
  EXPECT_EQ(driver->stat(kBlob)->size, bytes.size());
  EXPECT_TRUE(read() == bytes);
  EXPECT_TRUE(read(kBlob, ByteRange{699999, 3}) == bytes.substr(699999, 3));
  EXPECT_TRUE(read(kBlob, ByteRange{1499990, 500000}) == bytes.substr(1499990, 500000));
}

TEST_P(SwiftLayout, OldLargeObjectsAreReadWhileTheListingLags) {
  aio("lag on");
  const std::string bytes = pushOld({300000, 400000, 5});
  EXPECT_EQ(driver->stat(kBlob)->size, bytes.size());
  EXPECT_TRUE(read() == bytes);
}

TEST_P(SwiftLayout, AnOldLargeObjectWithAGapIsNotThere) {
  pushOld({300000, 400000, 500000});
  removeSegment(1);
  EXPECT_FALSE(driver->stat(kBlob));
  EXPECT_EQ(failureOf([&] { driver->open(kBlob, std::nullopt); }), StorageFailure::Corrupt);
}

TEST_P(SwiftLayout, AnOldManifestWithoutSegmentsHasNoBytes) {
  raw("PUT", objectName(kBlob), {{"X-Object-Manifest", settings.container + "/segments/none"}});
  EXPECT_EQ(driver->stat(kBlob)->size, 0U);
}

TEST_P(SwiftLayout, AMissingSegmentShowsBeforeTheFirstByteAndIsRepairedByAPush) {
  const std::string bytes = pattern(3300000);
  for (const std::size_t missing : {0U, 2U, 3U}) {
    driver->remove(kBlob);
    push(bytes);
    ASSERT_EQ(objects("segments/").size(), 4U);
    removeSegment(missing);
    EXPECT_TRUE(driver->stat(kBlob)) << "not known yet";
    EXPECT_EQ(failureOf([&] { driver->open(kBlob, std::nullopt); }), StorageFailure::Corrupt);
    EXPECT_FALSE(driver->stat(kBlob)) << "said to be missing from now on";
    push(bytes);
    EXPECT_EQ(driver->stat(kBlob)->size, bytes.size());
    EXPECT_TRUE(read() == bytes);
    EXPECT_TRUE(makeDriver()->stat(kBlob));
    for (const std::string& left : objects("segments/")) {
      raw("DELETE", left);
    }
  }
}

TEST_P(SwiftLayout, AShortSegmentShowsBeforeTheFirstByte) {
  push(pattern(3300000));
  raw("PUT", objects("segments/").at(2), {}, "short");
  EXPECT_EQ(failureOf([&] { driver->open(kBlob, std::nullopt); }), StorageFailure::Corrupt);
  EXPECT_EQ(failureOf([&] { driver->open(kBlob, ByteRange{2097152, 10}); }), StorageFailure::Corrupt);
  EXPECT_NO_THROW(read(kBlob, ByteRange{0, 1000}));
}

TEST_P(SwiftLayout, ACheckSeesEachSegment) {
  const std::string bytes = pattern(3300000);
  push(bytes);
  EXPECT_EQ(driver->examine(kBlob)->size, bytes.size());
  EXPECT_FALSE(driver->examine("docker/registry/v2/nothing"));
  raw("PUT", objects("segments/").at(3), {}, "short");
  EXPECT_EQ(failureOf([&] { driver->examine(kBlob); }), StorageFailure::Corrupt);
  EXPECT_FALSE(driver->stat(kBlob)) << "said to be missing from now on";
  const auto old = objects("segments/");
  push(bytes);
  for (const std::string& segment : old) {
    raw("DELETE", segment);  // nobody's by now
  }
  EXPECT_EQ(driver->examine(kBlob)->size, bytes.size());
  removeSegment(0);
  EXPECT_EQ(failureOf([&] { driver->examine(kBlob); }), StorageFailure::Corrupt);
}

TEST_P(SwiftLayout, PushingWhatIsThereLeavesNoSecondCopy) {
  const std::string bytes = pattern(3300000);
  push(bytes);
  const auto before = objects();
  push(bytes);
  EXPECT_EQ(objects(), before);
  EXPECT_TRUE(read() == bytes);
}

TEST_P(SwiftLayout, RemovingALargeBlobRemovesItsSegments) {
  push(pattern(3300000));
  EXPECT_TRUE(driver->remove(kBlob));
  EXPECT_TRUE(objects().empty());
}

TEST_P(SwiftLayout, RemovingAnOldUploadLeavesItsSegments) {
  pushOld({100, 200}, kUpload + "/data");
  EXPECT_EQ(driver->removeTree(kUpload), 1U);
  EXPECT_EQ(objects("segments/").size(), 2U) << "a blob may have them, too";
}

TEST_P(SwiftLayout, CancellingAndPurgingLeaveNothing) {
  const auto session = driver->startUpload(kUpload);
  append(*session, pattern(2500000));
  session->flush();
  session->cancel();
  EXPECT_TRUE(objects().empty());
  {
    const auto abandoned = driver->startUpload(kUpload);
    append(*abandoned, pattern(2500000));
    abandoned->flush();
  }
  EXPECT_EQ(driver->removeTree(kUpload), 1U);
  EXPECT_TRUE(objects().empty());
}

TEST_P(SwiftLayout, WithALaggingListingNothingChangesButTheListing) {
  const std::string bytes = pattern(3300000);
  aio("lag on");
  expectOnlyListingsLag(*driver, bytes);
  aio("lag off");
  aio("flush");
  EXPECT_EQ(objects("segments/").size(), 4U);
  EXPECT_TRUE(raw("GET", objectName(kBlob)).body == bytes);
}

TEST_P(SwiftLayout, AChunkedUploadWithADeadRequestIsReadRightByBothRegistries) {
  std::string state;
  {
    const auto session = driver->startUpload(kUpload);
    append(*session, pattern(1500000, 1));
    session->flush();
    state = session->state();
  }
  {
    const auto dying = driver->resumeUpload(kUpload, state);
    append(*dying, pattern(1200000, 9));
    dying->flush();
  }
  const auto other = makeDriver();  // as another node
  const auto session = other->resumeUpload(kUpload, state);
  ASSERT_TRUE(session);
  append(*session, pattern(1300000, 2));
  session->commit(kBlob);
  const std::string bytes = pattern(1500000, 1) + pattern(1300000, 2);
  EXPECT_TRUE(read() == bytes);
  EXPECT_TRUE(raw("GET", objectName(kBlob)).body == bytes) << "as the old registry reads it";
}

TEST_P(SwiftLayout, ManyRequestsMakeWholeSegmentsAndAShortState) {
  const std::string bytes = pattern(6'000'000);
  constexpr std::size_t kPiece = 25'000;
  const auto other = makeDriver();  // as another node
  std::string state;
  std::size_t longest = 0;
  for (std::size_t at = 0, number = 0; at < bytes.size(); at += kPiece, ++number) {
    auto& node = number % 2 == 0 ? *driver : *other;
    const auto session = at == 0 ? node.startUpload(kUpload) : node.resumeUpload(kUpload, state);
    ASSERT_TRUE(session) << at;
    ASSERT_EQ(session->size(), at);
    append(*session, std::string_view(bytes).substr(at, kPiece));
    session->flush();
    state = session->state();
    longest = std::max(longest, state.size());
  }
  EXPECT_LT(longest, 4096U);
  const auto session = driver->resumeUpload(kUpload, state);
  EXPECT_TRUE(base::readAll(*session->readBack(), kMax) == bytes);
  session->commit(kBlob);
  EXPECT_TRUE(read() == bytes);
  EXPECT_TRUE(raw("GET", objectName(kBlob)).body == bytes) << "as the old registry reads it";
  EXPECT_LE(objects("segments/").size(), 7U);
  EXPECT_TRUE(objects("files/" + kUpload).empty());
}

TEST_P(SwiftLayout, AnOlderTokenGoesOnAfterItsPiecesWerePutTogether) {
  const std::string bytes = pattern(3'000'000);
  std::vector<std::string> states;
  for (std::size_t at = 0; at < bytes.size(); at += 300'000) {
    const auto session = at == 0 ? driver->startUpload(kUpload) : driver->resumeUpload(kUpload, states.back());
    append(*session, std::string_view(bytes).substr(at, at == 0 ? 1'200'000 : 300'000));
    at += at == 0 ? 900'000 : 0;
    session->flush();
    states.push_back(session->state());
  }
  // 1.2 MB, then three pieces of 300 kB, and the next request has made a segment of them.
  const auto forked = driver->resumeUpload(kUpload, states[3]);
  ASSERT_TRUE(forked);
  ASSERT_EQ(forked->size(), 2'100'000U);
  append(*forked, std::string_view(bytes).substr(2'100'000, 400'000));
  forked->commit(kBlob);
  EXPECT_TRUE(read() == bytes.substr(0, 2'500'000));
  EXPECT_TRUE(raw("GET", objectName(kBlob)).body == bytes.substr(0, 2'500'000));
  EXPECT_TRUE(objects("files/" + kUpload).empty());
  EXPECT_FALSE(driver->resumeUpload(kUpload, states.back())) << "it is over";
}

TEST_P(SwiftLayout, OfTwoNodesThatPublishOneUploadTheSecondHarmsNothing) {
  const std::string bytes = pattern(1'900'000);
  std::string state;
  for (const std::size_t at : {0U, 1'500'000U}) {
    const auto session = at == 0 ? driver->startUpload(kUpload) : driver->resumeUpload(kUpload, state);
    append(*session, std::string_view(bytes).substr(at, at == 0 ? 1'500'000 : 400'000));
    session->flush();
    state = session->state();
  }
  const auto other = makeDriver();
  const auto first = driver->resumeUpload(kUpload, state);
  const auto second = other->resumeUpload(kUpload, state);
  ASSERT_TRUE(first && second);
  first->commit(kBlob);
  // It finds the marker gone, or the pieces before that.
  EXPECT_TRUE(failureOf([&] { second->commit(kBlob); }));
  EXPECT_TRUE(read() == bytes);
  EXPECT_TRUE(raw("GET", objectName(kBlob)).body == bytes) << "as the old registry reads it";
}

TEST_P(SwiftLayout, RequestsWithLittleMemoryMakeShorterSegmentsOfTheirPieces) {
  settings.segmentBytes = 4U << 20U;
  settings.spoolBytes = 1U << 20U;
  driver = makeDriver();
  const std::string bytes = pattern(9'000'000);
  std::string state;
  for (std::size_t at = 0; at < bytes.size(); at += 1'500'000) {
    const auto session = at == 0 ? driver->startUpload(kUpload) : driver->resumeUpload(kUpload, state);
    append(*session, std::string_view(bytes).substr(at, 1'500'000));
    session->flush();
    state = session->state();
  }
  driver->resumeUpload(kUpload, state)->commit(kBlob);
  EXPECT_TRUE(read() == bytes);
}

TEST_P(SwiftLayout, CancellingAnUploadOfManyRequestsLeavesNothing) {
  std::string state;
  for (int i = 0; i < 70; ++i) {
    const auto session = i == 0 ? driver->startUpload(kUpload) : driver->resumeUpload(kUpload, state);
    append(*session, pattern(i == 0 ? 1'100'000 : 20'000));
    session->flush();
    state = session->state();
  }
  driver->resumeUpload(kUpload, state)->cancel();
  EXPECT_EQ(objects(), std::vector<std::string>());
}

TEST_P(SwiftLayout, DamagedStatesAreNoUpload) {
  const auto session = driver->startUpload(kUpload);
  append(*session, pattern(1'100'000));
  session->flush();
  for (const std::string end :
       {"", " ", " +", " 1/ +", " 0", " x", " 1/", " 1/2x5", " 1/1x5 6", " 99999999999/1x5", " + 1/"}) {
    const std::string state = session->state() + end;
    EXPECT_EQ(driver->resumeUpload(kUpload, state) != nullptr,
              std::set<std::string>({"", " ", " +", " 1/", " 1/ +"}).contains(end))
        << end;
  }
}

TEST_P(SwiftLayout, RequestsAreFew) {
  const auto count = [&](const std::function<void()>& work) {
    const auto before = requests();
    work();
    return requests() - before;
  };
  EXPECT_LE(count([&] { push(pattern(1000)); }), 4U);  // and one more for the link
  driver->remove(kBlob);
  EXPECT_LE(count([&] { push(pattern(1048577 - 1)); }), 5U);
  driver->remove(kBlob);
  settings.segmentBytes = 4U << 20U;
  driver = makeDriver();
  EXPECT_LE(count([&] { push(pattern(3000000)); }), 5U);  // a layer of one segment
  EXPECT_EQ(count([&] { driver->stat(kBlob); }), 1U);
  EXPECT_EQ(count([&] { read(); }), 1U);  // straight after the stat
  EXPECT_EQ(count([&] { driver->put("docker/link", "x", Durability::Durable); }), 1U);
  EXPECT_EQ(count([&] { driver->get("docker/link", 10); }), 1U);
  EXPECT_EQ(count([&] { driver->remove("docker/link"); }), 1U);
}

}  // namespace
}  // namespace rha::storage::test
