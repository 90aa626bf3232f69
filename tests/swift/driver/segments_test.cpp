#include "base/text.h"
#include "registry/layout.h"
#include "registry/storage_check.h"
#include "storage/swift_segments.h"
#include "support/registry_under_test.h"
#include "swift/driver/swift_fixture.h"

namespace rha::storage::test {
namespace {

namespace layout = registry::layout;
using rha::test::RegistryUnderTest;
using std::chrono::hours;

const std::string kOldUpload =
    "docker/registry/v2/repositories/old/image/_uploads/01234567-89ab-4cde-8f01-23456789abcd";

class SwiftSegmentsTest : public SwiftTest {
 protected:
  SegmentStore& store() { return *driver->segments(); }

  // The group of an upload as the old registry names it.
  std::string oldGroup(const std::string& upload = kOldUpload) {
    return SwiftNames(settings.container, settings.prefix)
        .segmentPrefix(upload, base::toHex(base::randomBytes(32)) + "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  }
  void putSegment(const std::string& group, std::uint64_t number, const std::string& bytes,
                  const std::string& session = "") {
    EXPECT_EQ(raw("PUT", segmentName(group, number, session), {}, bytes).head.status, 201);
  }
  void putManifest(const std::string& path, const std::string& group) {
    EXPECT_EQ(raw("PUT", objectName(path), {{"X-Object-Manifest", settings.container + '/' + group}}).head.status, 201);
  }
  // A group of the old registry with those segments.
  std::string putOld(const std::vector<std::string>& segments) {
    std::string group = oldGroup();
    for (std::size_t i = 0; i < segments.size(); ++i) {
      putSegment(group, i + 1, segments[i]);
    }
    return group;
  }
  std::set<std::string> groups() {
    std::set<std::string> found;
    store().list([&](const std::string& group) { return found.insert(group).second; });
    return found;
  }
  // What died between the end of an upload and its publication.
  std::string dieBeforePublication(const std::string& upload, const std::string& bytes) {
    const auto session = driver->startUpload(upload);
    append(*session, bytes);
    session->flush();
    const auto markers = objects("files/" + upload + "/data-");
    EXPECT_EQ(markers.size(), 1U);
    std::string group =
        store().namedBy(markers.at(0).substr(markers.at(0).find("files/") + std::string("files/").size()));
    EXPECT_EQ(store().stateOf(group), SegmentUpload::Alive);
    raw("DELETE", markers.at(0));
    return group;
  }

  // What a check of the whole storage finds of segments, and what it could not look at, as "kind outcome number bytes"
  // lines; by a clock that is `ahead`.
  std::string check(registry::Mending mending, hours ahead = hours(24 * 8)) {
    const std::shared_ptr<SwiftDriver> node = makeDriver();  // shared with the registry on it
    RegistryUnderTest registry(node);
    registry.clock.jumpTo(base::SystemClock().now() + ahead);
    registry::IndexBuilder builder(registry.storages, registry.logger, RegistryUnderTest::kManifestBytes);
    const auto ledger = index::CheckLedger::create(registry.folder.path() / "fsck.sqlite");
    registry::CheckProgress progress;
    const std::atomic<bool> stop = false;
    registry::StorageCheck checking(
        {registry.storages, *registry.index, registry.blobs, registry.journal, registry.uploads, registry.turns,
         builder, registry.clock, RegistryUnderTest::kManifestBytes},
        *ledger,
        {.stop = stop,
         .pace = [](std::uint64_t) {},
         .wait = [](std::chrono::milliseconds) {},
         .mayWrite = [] { return true; },
         .found = [](const registry::CheckFinding&) {}},
        progress);
    EXPECT_TRUE(checking.run({.mending = mending}));
    std::string text;
    for (const auto& count : ledger->counts()) {
      if (count.kind == "orphan_blob" || count.kind == "abandoned_upload") {
        continue;
      }
      text += count.kind + ' ' + count.outcome + ' ' + std::to_string(count.findings) + ' ' +
              std::to_string(count.bytes) + '\n';
    }
    return text;
  }
  std::string remove(hours ahead = hours(24 * 8)) { return check(registry::Mending::DeriveAndDelete, ahead); }

  static std::string dataOf(const std::string& bytes) { return layout::blobData(oci::Digest::of(bytes)); }
};
RHA_ON_EACH_SWIFT(SwiftSegmentsTest);

TEST_P(SwiftSegmentsTest, AnOldBlobWhoseManifestNoListingShowsKeepsItsSegments) {
  const auto group = putOld({"one", "two", "three"});
  aio("lag on");
  putManifest(dataOf("onetwothree"), group);
  ASSERT_TRUE(objects("files/").empty()) << "the listing does not lag";
  ASSERT_EQ(groups(), std::set<std::string>{group});
  EXPECT_EQ(remove(), "");
  EXPECT_EQ(objects("segments/").size(), 3U);
  EXPECT_EQ(read(dataOf("onetwothree")), "onetwothree");
}

TEST_P(SwiftSegmentsTest, ABlobOfOursWhoseManifestNoListingShowsKeepsItsSegments) {
  const std::string bytes = pattern(2'500'000);
  const auto session = driver->startUpload(kOldUpload);
  append(*session, bytes);
  session->flush();
  aio("lag on");
  session->commit(dataOf(bytes));
  ASSERT_EQ(objects("segments/").size(), 3U);
  ASSERT_TRUE(objects("files/docker/registry/v2/blobs").empty());
  EXPECT_EQ(remove(), "");
  EXPECT_TRUE(read(dataOf(bytes)) == bytes);
}

TEST_P(SwiftSegmentsTest, SegmentsThatNoListingShowsAreReadAllTheSame) {
  const std::string group = oldGroup();
  putSegment(group, 1, "one");
  aio("lag on");
  putSegment(group, 2, "two");
  putManifest(dataOf("onetwo"), group);
  EXPECT_EQ(objects().size(), 1U);
  EXPECT_EQ(remove(), "");
  EXPECT_EQ(read(dataOf("onetwo")), "onetwo");
}

TEST_P(SwiftSegmentsTest, ExactlyTheOrphansAreFoundAndRemoved) {
  const std::string bytes = pattern(2'500'000);
  push(bytes, dataOf(bytes), kOldUpload);
  const auto old = putOld({"published", "by the old registry"});
  putManifest(dataOf("publishedby the old registry"), old);
  const auto damaged = putOld({"damaged", "published"});
  putManifest(dataOf("damagedpublished"), damaged);
  raw("DELETE", segmentName(damaged, 1, ""));
  const auto before = objects("segments/");
  putOld({"aborted by the old registry", "!"});
  const auto died = dieBeforePublication(kOldUpload, pattern(1'200'000, 3));
  const auto going = putOld({"going on"});
  putManifest(kOldUpload + "/data", going);
  EXPECT_EQ(remove(hours(24 * 7 - 1)), "") << "they are too young";
  // By that clock the upload that goes on is abandoned; its segments are no orphans as long as it is there.
  const std::string found = "orphan_segments left 2 1200028\n";
  EXPECT_EQ(check(registry::Mending::Derive), found);
  raw("DELETE", objectName(kOldUpload + "/data"));
  raw("DELETE", segmentName(going, 1, ""));
  EXPECT_EQ(remove(), "orphan_segments deleted 2 1200028\n");
  EXPECT_EQ(objects("segments/"), before);
  EXPECT_TRUE(read(dataOf(bytes)) == bytes);
  EXPECT_EQ(read(dataOf("publishedby the old registry")), "publishedby the old registry");
}

TEST_P(SwiftSegmentsTest, AGroupIsLookedAtByItsSegments) {
  const auto group = putOld({"one", "", "three"});
  auto seen = store().look(group);
  ASSERT_EQ(seen.segments.size(), 3U);
  EXPECT_EQ(seen.bytes, 8U);
  EXPECT_EQ(seen.doubt, "");
  EXPECT_LT(std::chrono::abs(seen.newest - base::SystemClock().now()), hours(1));
  EXPECT_EQ(base::readAll(*store().open(seen), kMax), "onethree");
  EXPECT_EQ(store().uploadOf(group), kOldUpload);
  raw("DELETE", segmentName(group, 2, ""));
  EXPECT_EQ(store().look(group).doubt, "segment 2 is missing");
  EXPECT_EQ(store().look(group).segments.size(), 2U);
  raw("PUT", segmentName(group, 2, ""), {}, "two");
  putSegment(group, 4, "four", "0badcafe");
  EXPECT_NE(store().look(group).doubt, "");
  raw("DELETE", segmentName(group, 4, "0badcafe"));
  seen = store().look(group);
  EXPECT_EQ(seen.doubt, "");
  store().remove(seen);
  EXPECT_TRUE(store().look(group).segments.empty());
}

TEST_P(SwiftSegmentsTest, AnUploadIsAskedForByTheNameOfItsGroup) {
  const auto session = driver->startUpload(kOldUpload);
  append(*session, pattern(1'200'000));
  session->flush();
  const auto ours = *groups().begin();
  EXPECT_EQ(store().stateOf(ours), SegmentUpload::Alive);
  EXPECT_EQ(store().uploadOf(ours), kOldUpload);
  session->commit(kBlob);
  EXPECT_EQ(store().stateOf(ours), SegmentUpload::Over);
  EXPECT_EQ(store().namedBy(kBlob), ours);
  EXPECT_EQ(driver->stat(kBlob)->segments, ours);
  EXPECT_EQ(driver->examine(kBlob)->segments, ours);
  const auto old = putOld({"x"});
  EXPECT_EQ(store().stateOf(old), SegmentUpload::Over);
  putManifest(kOldUpload + "/data", old);
  EXPECT_EQ(store().stateOf(old), SegmentUpload::Alive);
  EXPECT_EQ(store().stateOf(settings.prefix + "/segments/abc/def"), SegmentUpload::Unknown);
  EXPECT_EQ(store().uploadOf(settings.prefix + "/segments/abc/def"), "");
  EXPECT_EQ(store().namedBy("docker/nothing"), "");
  driver->put("docker/link", "x", Durability::Durable);
  EXPECT_EQ(store().namedBy("docker/link"), "");
  EXPECT_EQ(driver->stat("docker/link")->segments, "");
}

TEST_P(SwiftSegmentsTest, AFailureOfSwiftIsNoAbsence) {
  putOld({"one"});
  fault("proxy path=/files/ method=HEAD status=503 count=1000");
  EXPECT_TRUE(remove().starts_with("unchecked left"));
  aio("fault clear");
  EXPECT_EQ(objects("segments/").size(), 1U);
}

}  // namespace
}  // namespace rha::storage::test
