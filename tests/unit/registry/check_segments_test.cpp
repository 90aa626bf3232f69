#include "registry/check_segments.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "registry/layout.h"
#include "support/check_fixture.h"

namespace rha::test {
namespace {

namespace layout = registry::layout;
using registry::Mending;
using std::chrono::hours;
using storage::SegmentUpload;

// A storage in memory whose blobs may be large ones: then a group of segments has their bytes, too. What is in
// `unlisted` no listing shows.
class SegmentedDriver final : public storage::StorageDriver, public storage::SegmentStore {
 public:
  struct Group {
    std::vector<std::string> segments;
    base::WallTime newest;
    SegmentUpload upload = SegmentUpload::Over;
    std::string doubt = {};
  };
  std::map<std::string, Group> groups;
  std::map<std::string, std::string, std::less<>> named;  // groups by path
  std::set<std::string> unlisted;                         // paths and folders
  std::set<std::string, std::less<>> damaged;             // paths
  std::string failing;                                    // a group that cannot be looked at
  std::function<void()> onOpen = [] {};
  std::uint64_t opened = 0;

  [[nodiscard]] std::string_view name() const override { return memory_.name(); }
  [[nodiscard]] storage::DriverTraits traits() const override { return {.shared = true, .cheapSmallWrites = false}; }
  std::optional<std::string> get(std::string_view path, std::uint64_t maxBytes) override {
    return memory_.get(path, maxBytes);
  }
  std::unique_ptr<base::BodySource> open(std::string_view path, std::optional<storage::ByteRange> range) override {
    return memory_.open(path, range);
  }
  std::optional<storage::ObjectInfo> stat(std::string_view path) override {
    auto info = damaged.contains(path) ? std::nullopt : memory_.stat(path);
    if (info) {
      info->segments = namedBy(path);
    }
    return info;
  }
  std::optional<storage::ObjectInfo> examine(std::string_view path) override {
    if (damaged.contains(path)) {
      throw storage::StorageError(storage::StorageFailure::Corrupt, "segment 2 is missing");
    }
    return stat(path);
  }
  void put(std::string_view path, std::string_view bytes, storage::Durability durability) override {
    memory_.put(path, bytes, durability);
  }
  bool remove(std::string_view path) override { return memory_.remove(path); }
  std::uint64_t removeTree(std::string_view path) override { return memory_.removeTree(path); }
  void list(std::string_view path, const std::function<bool(const storage::ListEntry&)>& visit) override {
    memory_.list(path, [&](const storage::ListEntry& entry) {
      return unlisted.contains(std::string(path) + '/' + entry.name) || visit(entry);
    });
  }
  std::unique_ptr<storage::UploadSession> startUpload(std::string_view path) override {
    return memory_.startUpload(path);
  }
  std::unique_ptr<storage::UploadSession> resumeUpload(std::string_view path, std::string_view state) override {
    return memory_.resumeUpload(path, state);
  }
  void check() override {}
  storage::SegmentStore* segments() override { return this; }

  void list(const std::function<bool(const std::string& group)>& visit) override {
    const auto now = groups;
    static_cast<void>(std::all_of(now.begin(), now.end(), [&](const auto& each) { return visit(each.first); }));
  }
  std::string namedBy(std::string_view path) override {
    const auto found = named.find(path);
    return found == named.end() ? "" : found->second;
  }
  storage::SegmentGroup look(const std::string& group) override {
    if (group == failing) {
      throw storage::StorageError(storage::StorageFailure::Unavailable, "503");
    }
    storage::SegmentGroup seen;
    const Group& there = groups[group];
    for (std::size_t i = 0; i < there.segments.size(); ++i) {
      seen.segments.push_back({group + '/' + std::to_string(i + 1), there.segments[i].size()});
      seen.bytes += there.segments[i].size();
    }
    seen.newest = there.newest;
    seen.doubt = there.doubt;
    return seen;
  }
  std::string uploadOf(const std::string& group) const override {
    const std::string id = "01234567-89ab-4cde-8f01-23456789abcd";
    return group.empty() ? "" : layout::uploadFolder(repository("a/b"), id);
  }
  SegmentUpload stateOf(const std::string& group) override { return groups[group].upload; }
  std::unique_ptr<base::BodySource> open(const storage::SegmentGroup& group) override {
    ++opened;
    onOpen();
    const std::string& first = group.segments.front().name;
    const auto& parts = groups[first.substr(0, first.rfind('/'))].segments;
    return base::memorySource(
        std::make_shared<const std::string>(std::accumulate(parts.begin(), parts.end(), std::string())));
  }
  void remove(const storage::SegmentGroup& group) override {
    const std::string& first = group.segments.front().name;
    groups.erase(first.substr(0, first.rfind('/')));
  }

 private:
  storage::MemoryDriver memory_;
};

class CheckSegmentsTest : public CheckFixture {
 protected:
  std::shared_ptr<SegmentedDriver> driver_ = std::make_shared<SegmentedDriver>();
  SegmentedDriver second_;  // of the namespace "other"
  RegistryUnderTest registry_{driver_, {}, {{"second", {"other"}, &second_}}};

  // A group of those segments, by default of an upload that is over for long.
  void group(const std::string& name, std::vector<std::string> segments, hours age = hours(24 * 8)) {
    driver_->groups[name] = {std::move(segments), registry_.clock.now() - age};
  }
  // A large blob of that group; the index does not know it.
  oci::Digest blob(const std::string& groupName) {
    const auto& parts = driver_->groups[groupName].segments;
    const std::string bytes = std::accumulate(parts.begin(), parts.end(), std::string());
    auto digest = oci::Digest::of(bytes);
    driver_->put(layout::blobData(digest), bytes, storage::Durability::Durable);
    driver_->named[layout::blobData(digest)] = groupName;
    return digest;
  }
  void hide(const oci::Digest& digest) {
    const std::string path = layout::blobData(digest);
    driver_->unlisted.insert(path.substr(0, path.rfind('/')));
  }

  bool run(const registry::CheckOptions& options) { return runCheck(registry_, registry_.storages, options); }
  // What a check finds, as "kind outcome number bytes" lines.
  std::string check(const registry::CheckOptions& options = {}) {
    newLedger(registry_);
    EXPECT_TRUE(run(options));
    return counts();
  }
  std::string counts() {
    std::string text;
    for (const auto& count : ledger_->counts()) {
      text += count.kind + ' ' + count.outcome + ' ' + std::to_string(count.findings) + ' ' +
              std::to_string(count.bytes) + '\n';
    }
    return text;
  }
  std::string remove() { return check({.mending = Mending::DeriveAndDelete}); }
  std::string firstFinding() { return ledger_->findings(0, 1).at(0).text; }
};

TEST_F(CheckSegmentsTest, APublishedBlobThatNoListingShowsKeepsItsSegments) {
  group("g", {"one", "two"});
  hide(blob("g"));
  EXPECT_EQ(check({.readAll = true}), "");
  EXPECT_EQ(remove(), "");
  EXPECT_TRUE(driver_->groups.contains("g"));
}

TEST_F(CheckSegmentsTest, ABlobOfTheFirstSegmentsAloneKeepsThemAll) {
  group("g", {"one", "two"});
  hide(blob("g"));
  driver_->groups["g"].segments.emplace_back("of a request that died");
  EXPECT_EQ(remove(), "");
  EXPECT_TRUE(driver_->groups.contains("g"));
}

TEST_F(CheckSegmentsTest, WhatTheIndexKnowsIsAskedForThoughNoListingShowsIt) {
  const auto layer = registry_.pushBlob("a/b", "ab");
  registry_.pushImage("a/b", "v1", {layer});
  group("g", {"a", "b"});
  driver_->groups["g"].doubt = "segment 2 is missing";  // reading it would not tell
  driver_->named[layout::blobData(layer)] = "g";
  driver_->unlisted = {"docker/registry/v2/blobs", "docker/registry/v2/repositories"};
  for (unsigned i = 0; i < 256; ++i) {
    char two[8];
    std::snprintf(two, sizeof two, "%02x", i);
    driver_->unlisted.insert(layout::blobsFolder(oci::HashAlgorithm::Sha256, two) + '/' + std::string(layer.hex()));
  }
  driver_->unlisted.insert("docker/registry/v2/repositories/a");
  EXPECT_EQ(check(), "");
}

TEST_F(CheckSegmentsTest, OrphansAreReportedAndRemovedOnlyWhenAskedFor) {
  group("kept", {"one", "two"});
  group("orphan", {"three", "four"});
  blob("kept");
  const std::string found = "orphan_segments left 1 9\n";
  EXPECT_EQ(check(), found);
  EXPECT_EQ(driver_->opened, 0U);
  EXPECT_EQ(check({.mending = Mending::Derive}), found);
  EXPECT_NE(firstFinding().find(R"("repository":"a/b","path":"orphan","bytes":9,"segments":2)"), std::string::npos)
      << firstFinding();
  EXPECT_EQ(driver_->groups.size(), 2U);
  EXPECT_EQ(remove(), "orphan_segments deleted 1 9\n");
  EXPECT_EQ(driver_->groups.size(), 1U);
  EXPECT_TRUE(driver_->groups.contains("kept"));
  EXPECT_EQ(check(), "");
}

TEST_F(CheckSegmentsTest, UploadsThatMayGoOnAndWhatIsYoungStay) {
  group("alive", {"one"});
  driver_->groups["alive"].upload = SegmentUpload::Alive;
  group("young", {"two"}, hours(24 * 7 - 1));
  EXPECT_EQ(remove(), "");
  EXPECT_EQ(driver_->groups.size(), 2U);
}

TEST_F(CheckSegmentsTest, ADamagedBlobKeepsItsSegments) {
  group("g", {"one", "two"});
  driver_->damaged.insert(layout::blobData(blob("g")));
  driver_->groups["g"].segments.pop_back();
  EXPECT_EQ(remove(), "");
  EXPECT_TRUE(driver_->groups.contains("g"));
  const auto layer = oci::Digest::of("onetwo");
  driver_->put(layout::layerLink(repository("a/b"), layer), layer.text(), storage::Durability::Durable);
  EXPECT_EQ(remove(), "damaged_blob left 1 0\n");
  EXPECT_TRUE(driver_->groups.contains("g"));
}

TEST_F(CheckSegmentsTest, WhatCouldHealABlobIsReportedAndStays) {
  group("lost", {"one", "two"});
  const auto layer = oci::Digest::of("onetwo");
  driver_->put(layout::layerLink(repository("a/b"), layer), layer.text(), storage::Durability::Durable);
  EXPECT_EQ(remove(), "dangling_layer deleted 1 0\norphan_segments left 1 6\n");
  EXPECT_TRUE(driver_->groups.contains("lost"));
  const auto found = ledger_->findings(0, 10);
  EXPECT_NE(found.back().text.find("the bytes of " + layer.text()), std::string::npos) << found.back().text;
}

TEST_F(CheckSegmentsTest, WhereADigestSaysNothingTheyStay) {
  group("gap", {"one", "two"});
  driver_->groups["gap"].doubt = "segment 2 is missing";
  group("strange", {"one"});
  driver_->groups["strange"].upload = SegmentUpload::Unknown;
  EXPECT_EQ(remove(), "orphan_segments left 2 9\n");
  EXPECT_EQ(driver_->groups.size(), 2U);
  EXPECT_NE(firstFinding().find("not to be deleted: segment 2 is missing"), std::string::npos) << firstFinding();
}

TEST_F(CheckSegmentsTest, WhatIsPublishedAtTheLastMomentStays) {
  group("g", {"one"});
  onWait_ = [&] { hide(blob("g")); };
  EXPECT_EQ(remove(), "orphan_segments left 1 3\n");
  EXPECT_TRUE(driver_->groups.contains("g"));
}

TEST_F(CheckSegmentsTest, WhatIsWrittenToMeanwhileStays) {
  group("g", {"one"});
  onWait_ = [&] { driver_->groups["g"].segments.emplace_back("two"); };
  EXPECT_EQ(remove(), "orphan_segments left 1 3\n");
  EXPECT_TRUE(driver_->groups.contains("g"));
}

TEST_F(CheckSegmentsTest, NothingIsSaidWhereBlobsCouldNotBeLookedAt) {
  registry_.pushImage("a/b", "v1");
  group("g", {"one"});
  driver_->put(layout::tagCurrentLink(repository("a/b"), tag("v1"), oci::HashAlgorithm::Sha256), "x",
               storage::Durability::Durable);
  registry_.index->removeRepository(repository("a/b"));
  driver_->failing = "g";
  EXPECT_EQ(remove(), "bad_tag_link deleted 1 0\nunchecked left 1 0\n");
  EXPECT_TRUE(driver_->groups.contains("g"));
  driver_->failing.clear();
  ledger_ = index::CheckLedger::create(registry_.folder.path() / "fsck.sqlite");
  ledger_->setValue("unread", "repository a/b");
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(run({.mending = Mending::DeriveAndDelete}));
    EXPECT_EQ(counts(), "unchecked left 2 0\n");  // of each storage
  }
  EXPECT_TRUE(driver_->groups.contains("g"));
}

TEST_F(CheckSegmentsTest, OnlyAWholeCheckLooksForThem) {
  registry_.pushImage("a/b", "v1");
  group("g", {"one"});
  EXPECT_EQ(check({.mending = Mending::DeriveAndDelete, .only = {repository("a/b")}}), "");
}

TEST_F(CheckSegmentsTest, ARegistryThatTakesNoWritesRemovesNone) {
  group("g", {"one"});
  mayWrite_ = false;
  EXPECT_EQ(remove(), "orphan_segments left 1 3\n");
  EXPECT_TRUE(driver_->groups.contains("g"));
}

TEST_F(CheckSegmentsTest, EachStorageHasItsOwn) {
  group("g", {"one"});
  blob("g");
  second_.groups["g"] = driver_->groups["g"];
  EXPECT_EQ(check(), "orphan_segments left 1 3\n");
  EXPECT_NE(firstFinding().find(R"("storage":"second")"), std::string::npos);
  EXPECT_EQ(remove(), "orphan_segments deleted 1 3\n");
  EXPECT_TRUE(driver_->groups.contains("g"));
  EXPECT_FALSE(second_.groups.contains("g"));
}

TEST_F(CheckSegmentsTest, ACheckThatWasStoppedKnowsWhatItHasSeen) {
  group("g", {"one", "two"});
  blob("g");
  group("h", {"three"});
  group("i", {"four"});
  onWait_ = [&] { stop_ = true; };
  ledger_ = index::CheckLedger::create(registry_.folder.path() / "fsck.sqlite");
  EXPECT_FALSE(run({.mending = Mending::DeriveAndDelete}));
  EXPECT_EQ(counts(), "");
  EXPECT_EQ(driver_->groups.size(), 3U);
  stop_ = false;
  onWait_ = [] {};
  EXPECT_TRUE(run({.mending = Mending::DeriveAndDelete}));
  EXPECT_EQ(counts(), "orphan_segments deleted 2 9\n");
  EXPECT_TRUE(driver_->groups.contains("g"));
}

}  // namespace
}  // namespace rha::test
