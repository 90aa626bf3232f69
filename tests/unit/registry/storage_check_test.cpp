#include "registry/storage_check.h"

#include <gtest/gtest.h>

#include <map>

#include "registry/layout.h"
#include "support/check_fixture.h"
#include "support/flaky_driver.h"

namespace rha::test {
namespace {

namespace layout = registry::layout;
using base::HashAlgorithm;
using registry::Mending;
using storage::Durability;

// A MemoryDriver whose objects a test may call damaged, as a large object in Swift that lacks a segment.
class BrokenParts final : public storage::StorageDriver {
 public:
  std::string damaged;  // path of an object

  [[nodiscard]] std::string_view name() const override { return inner_.name(); }
  [[nodiscard]] storage::DriverTraits traits() const override { return inner_.traits(); }
  storage::ChangeCounters* changes() override { return inner_.changes(); }
  std::optional<std::string> get(std::string_view path, std::uint64_t maxBytes) override {
    return inner_.get(path, maxBytes);
  }
  std::unique_ptr<base::BodySource> open(std::string_view path, std::optional<storage::ByteRange> range) override {
    return inner_.open(path, range);
  }
  std::optional<storage::ObjectInfo> stat(std::string_view path) override {
    return path == damaged ? std::nullopt : inner_.stat(path);
  }
  std::optional<storage::ObjectInfo> examine(std::string_view path) override {
    if (path == damaged) {
      throw storage::StorageError(storage::StorageFailure::Corrupt, "segment 2 is missing");
    }
    return inner_.examine(path);
  }
  void put(std::string_view path, std::string_view bytes, Durability durability) override {
    inner_.put(path, bytes, durability);
  }
  bool remove(std::string_view path) override { return inner_.remove(path); }
  std::uint64_t removeTree(std::string_view path) override { return inner_.removeTree(path); }
  void list(std::string_view path, const std::function<bool(const storage::ListEntry&)>& visit) override {
    inner_.list(path, visit);
  }
  std::unique_ptr<storage::UploadSession> startUpload(std::string_view path) override {
    return inner_.startUpload(path);
  }
  std::unique_ptr<storage::UploadSession> resumeUpload(std::string_view path, std::string_view state) override {
    return inner_.resumeUpload(path, state);
  }
  void check() override { inner_.check(); }

 private:
  storage::MemoryDriver inner_;
};

class StorageCheckTest : public CheckFixture {
 protected:
  StorageCheckTest() { newLedger(registry_); }

  std::shared_ptr<BrokenParts> broken_ = std::make_shared<BrokenParts>();
  storage::MemoryDriver other_;  // of the namespace "other"
  RegistryUnderTest registry_{broken_, {}, {{"second", {"other"}, &other_}}};
  oci::Digest layer_ = registry_.pushBlob("a/b", "ab");
  oci::Digest image_ = registry_.pushImage("a/b", "v1", {layer_});

  [[nodiscard]] storage::StorageDriver& driver() { return registry_.driver(); }

  bool run(storage::StorageDriver& main, const registry::CheckOptions& options) {
    const registry::Storages storages(main, {{"second", {"other"}, &other_}});
    return runCheck(registry_, storages, options);
  }

  // What a check finds, as "kind outcome" lines in order of their names.
  std::string check(const registry::CheckOptions& options = {}) {
    newLedger(registry_);
    EXPECT_TRUE(run(driver(), options));
    return counts();
  }
  std::string counts() {
    std::string text;
    for (const auto& count : ledger_->counts()) {
      text += count.kind + ' ' + count.outcome + ' ' + std::to_string(count.findings) + '\n';
    }
    return text;
  }
  std::string repair() { return check({.mending = Mending::Derive}); }
  std::string repairAndDelete() { return check({.mending = Mending::DeriveAndDelete}); }

  void put(const std::string& path, std::string_view bytes) { driver().put(path, bytes, Durability::Durable); }
  [[nodiscard]] bool isThere(const std::string& path) { return driver().stat(path).has_value(); }

  // All objects with their bytes.
  std::map<std::string, std::string> everything(const std::string& folder = "docker") {
    std::map<std::string, std::string> found;
    driver().list(folder, [&](const storage::ListEntry& entry) {
      const std::string path = folder + '/' + entry.name;
      if (entry.isFolder) {
        found.merge(everything(path));
      } else {
        found[path] = driver().get(path, 1 << 20).value_or("");
      }
      return true;
    });
    return found;
  }

  static std::string currentLink(const std::string& name = "v1") {
    return layout::tagCurrentLink(repository("a/b"), tag(name), HashAlgorithm::Sha256);
  }
  [[nodiscard]] std::string revisionLink() const { return layout::revisionLink(repository("a/b"), image_); }
  [[nodiscard]] std::string layerLink() const { return layout::layerLink(repository("a/b"), layer_); }
  void pushAgain() {
    registry_.pushBlob("a/b", "ab");
    registry_.pushImage("a/b", "v1", {layer_});
  }
};

TEST_F(StorageCheckTest, ACleanStorageGivesNoFindingAndIsNotTouched) {
  registry_.pushImage("c", "latest", {registry_.pushBlob("c", "ab")}, R"(,"annotations":{"a":"b"})");
  const auto config = registry_.pushBlob("d", "{}", HashAlgorithm::Sha512);
  const std::string json = RegistryUnderTest::imageJson(config, {});
  RegistryUnderTest::must(
      registry_.put("d", oci::Reference(oci::Digest::of(json, HashAlgorithm::Sha512)), json, "", {tag("v512")}));
  RegistryUnderTest::must(registry_.manifests.removeTag(repository("c"), tag("latest"), registry_.actor));
  const auto before = everything();
  EXPECT_EQ(check(), "");
  EXPECT_EQ(check({.readAll = true}), "");
  EXPECT_EQ(repairAndDelete(), "");
  EXPECT_EQ(everything(), before);
  EXPECT_EQ(progress_.tags.load(), 2U);
  auto sums = ledger_->sums();
  EXPECT_EQ(sums["repositories"], 3U);
  EXPECT_EQ(sums["tags"], 2U);
  EXPECT_EQ(sums["manifests"], 3U);
  EXPECT_EQ(sums["manifests application/vnd.oci.image.manifest.v1+json"], 3U);
  EXPECT_EQ(ledger_->blobTotals().first, 6U);
}

TEST_F(StorageCheckTest, WithoutRepairNothingIsChangedWhateverIsFound) {
  put(currentLink(), "rubbish");
  driver().remove(layout::blobData(layer_));
  put(currentLink("gone"), oci::Digest::of("gone").text());
  put(layout::blobData(oci::Digest::of("x")), "");
  const auto before = everything();
  EXPECT_NE(check({.readAll = true}), "");
  EXPECT_EQ(everything(), before);
}

TEST_F(StorageCheckTest, ATagWithoutItsManifestsLinkGetsItBack) {
  driver().remove(revisionLink());
  EXPECT_EQ(check(), "dangling_tag left 1\n");
  EXPECT_EQ(repair(), "dangling_tag repaired 1\n");
  EXPECT_TRUE(registry_.manifests.get(repository("a/b"), oci::Reference(tag("v1"))).ok());
  EXPECT_EQ(check(), "");
  EXPECT_EQ(registry_.index->dirtyRepositories().size(), 1U);  // is read into the index again
}

TEST_F(StorageCheckTest, ADeleteThatWasBrokenOffIsNotUndone) {
  registry_.journal.append(
      {registry::JournalRecord::Action::Delete, registry_.clock.now(), "a/b", "", image_.text(), "ci-build", ""});
  driver().remove(revisionLink());
  EXPECT_EQ(repair(), "dangling_tag left 1\n");
  EXPECT_EQ(repairAndDelete(), "dangling_tag deleted 1\n");
  EXPECT_FALSE(isThere(currentLink()));
  EXPECT_EQ(check(), "");
}

TEST_F(StorageCheckTest, WhatWasDeletedAndPushedAgainIsRepaired) {
  RegistryUnderTest::must(registry_.manifests.removeManifest(repository("a/b"), image_, registry_.actor));
  registry_.clock.advance(std::chrono::minutes(1));
  pushAgain();
  driver().remove(revisionLink());
  EXPECT_EQ(repair(), "dangling_tag repaired 1\n");
}

TEST_F(StorageCheckTest, ATagWhoseManifestIsGoneIsDeletedOnlyWhenAskedFor) {
  put(currentLink("gone"), oci::Digest::of("gone").text());
  put(layout::tagIndexLink(repository("a/b"), tag("gone"), oci::Digest::of("gone")), oci::Digest::of("gone").text());
  EXPECT_EQ(repair(), "dangling_tag left 1\n");
  EXPECT_TRUE(isThere(currentLink("gone")));
  EXPECT_EQ(repairAndDelete(), "dangling_tag deleted 1\n");
  EXPECT_EQ(check(), "");
  EXPECT_TRUE(isThere(currentLink()));
}

TEST_F(StorageCheckTest, ATagsDamagedLinkIsWrittenAgainFromTheIndex) {
  for (const std::string& damage : {std::string(), std::string("sha256:1234"), std::string(1000, 'x')}) {
    put(currentLink(), damage);
    EXPECT_EQ(check(), "bad_tag_link left 1\n");
    EXPECT_EQ(repair(), "bad_tag_link repaired 1\n");
    EXPECT_EQ(driver().get(currentLink(), 100), image_.text());
  }
}

TEST_F(StorageCheckTest, ATagsDamagedLinkThatCouldMeanTwoThingsIsLeft) {
  registry_.pushImage("a/b", "v1", {layer_}, R"(,"annotations":{"second":"push"})");
  put(currentLink(), "rubbish");
  registry_.index->removeRepository(repository("a/b"));  // no history
  EXPECT_EQ(repair(), "bad_tag_link left 1\n");
  EXPECT_EQ(repairAndDelete(), "bad_tag_link deleted 1\n");
  EXPECT_EQ(check(), "");
}

TEST_F(StorageCheckTest, RemainsOfATagAreANote) {
  driver().remove(currentLink());
  EXPECT_EQ(repair(), "tag_remains left 1\n");
  EXPECT_EQ(repairAndDelete(), "tag_remains deleted 1\n");
  EXPECT_EQ(check(), "");
}

TEST_F(StorageCheckTest, ATagsIndexLinkIsWrittenAgain) {
  driver().remove(layout::tagIndexLink(repository("a/b"), tag("v1"), image_));
  EXPECT_EQ(check(), "unindexed_tag left 1\n");
  EXPECT_EQ(repair(), "unindexed_tag repaired 1\n");
  EXPECT_EQ(check(), "");
}

TEST_F(StorageCheckTest, DamagedLinksOfManifestsAndLayersAreWrittenAgain) {
  put(revisionLink(), "rubbish");
  put(layerLink(), "");
  EXPECT_EQ(check(), "bad_layer_link left 1\nbad_revision_link left 1\n");
  EXPECT_EQ(repair(), "bad_layer_link repaired 1\nbad_revision_link repaired 1\n");
  EXPECT_EQ(driver().get(revisionLink(), 100), image_.text());
  EXPECT_EQ(driver().get(layerLink(), 100), layer_.text());
  EXPECT_EQ(check(), "");
}

TEST_F(StorageCheckTest, ALostManifestIsHealedByTheNextPush) {
  driver().remove(layout::blobData(image_));
  EXPECT_EQ(repair(), "lost_manifest left 1\n");
  EXPECT_EQ(repairAndDelete(), "dangling_tag deleted 1\nlost_manifest deleted 1\n");
  EXPECT_EQ(check(), "");
  pushAgain();
  EXPECT_EQ(check({.readAll = true}), "");
}

TEST_F(StorageCheckTest, MissingDataOfALayerMakeItsManifestsIncomplete) {
  driver().remove(layout::blobData(layer_));
  EXPECT_EQ(check(), "dangling_layer left 1\nincomplete_manifest left 1\n");
  EXPECT_EQ(repairAndDelete(), "dangling_layer deleted 1\nincomplete_manifest left 1\n");
  EXPECT_FALSE(isThere(layerLink()));
  pushAgain();
  EXPECT_EQ(check(), "");
}

TEST_F(StorageCheckTest, ALayerThatIsStoredAndNotLinkedIsLinked) {
  driver().remove(layerLink());
  EXPECT_EQ(check(), "unlinked_blob left 1\n");
  EXPECT_EQ(repair(), "unlinked_blob repaired 1\n");
  EXPECT_EQ(check(), "");
}

TEST_F(StorageCheckTest, AnEmptyFileOfABlobIsFoundAndDeleted) {
  put(layout::blobData(layer_), "");
  EXPECT_EQ(check(), "empty_blob left 1\nincomplete_manifest left 1\n");
  EXPECT_EQ(repairAndDelete(), "dangling_layer deleted 1\nempty_blob deleted 1\nincomplete_manifest left 1\n");
  pushAgain();
  EXPECT_EQ(check({.readAll = true}), "");
}

TEST_F(StorageCheckTest, TheEmptyBlobMayBeEmpty) {
  registry_.pushBlob("a/b", "");
  EXPECT_EQ(check({.readAll = true}), "");
}

TEST_F(StorageCheckTest, WrongBytesAreFoundByReadingAll) {
  put(layout::blobData(layer_), "xy");
  EXPECT_EQ(check(), "");
  EXPECT_EQ(check({.readAll = true}), "incomplete_manifest left 1\nwrong_digest left 1\n");
  EXPECT_EQ(check({.readAll = true, .mending = Mending::DeriveAndDelete}),
            "dangling_layer deleted 1\nincomplete_manifest left 1\nwrong_digest deleted 1\n");
  pushAgain();
  EXPECT_EQ(check({.readAll = true}), "");
}

TEST_F(StorageCheckTest, AManifestsBytesAreReadInAnyCase) {
  put(layout::blobData(image_), "{}");
  EXPECT_EQ(check(), "wrong_digest left 1\n");
}

TEST_F(StorageCheckTest, ABlobOfAnotherSizeThanStatedIsRead) {
  put(layout::blobData(layer_), "abc");
  EXPECT_EQ(check(), "incomplete_manifest left 1\nwrong_digest left 1\n");
}

TEST_F(StorageCheckTest, AWrongSizeInAManifestIsANote) {
  registry_.pushImage("a/b", "v2", {registry_.pushBlob("a/b", "three")});  // the descriptor says 2
  EXPECT_EQ(check(), "wrong_size_stated left 1\n");
}

TEST_F(StorageCheckTest, AMissingPartIsNamedAndLeftToTheNextPush) {
  broken_->damaged = layout::blobData(layer_);
  EXPECT_EQ(repairAndDelete(), "damaged_blob left 1\nincomplete_manifest left 1\n");
  const auto found = ledger_->findings(0, 10);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_NE(found[0].text.find("segment 2 is missing"), std::string::npos);
}

TEST_F(StorageCheckTest, OrphansAreReportedOnceTheyAreOldAndNeverDeleted) {
  const auto orphan = registry_.pushBlob("a/b", "nobody wants this");
  const auto age = [&](std::chrono::hours hours) { registry_.clock.jumpTo(base::SystemClock().now() + hours); };
  age(std::chrono::hours(1));
  EXPECT_EQ(check(), "");
  age(std::chrono::hours(25));
  EXPECT_EQ(check(), "orphan_blob left 1\n");
  EXPECT_EQ(repairAndDelete(), "orphan_blob left 1\n");
  EXPECT_TRUE(isThere(layout::blobData(orphan)));
}

TEST_F(StorageCheckTest, AbandonedUploadsAreDeletedWhenAskedFor) {
  registry_.uploads.start(repository("a/b"), registry_.actor, HashAlgorithm::Sha256);
  EXPECT_EQ(check(), "");
  registry_.clock.jumpTo(base::SystemClock().now() + std::chrono::hours(24 * 8));
  EXPECT_EQ(repair(), "abandoned_upload left 1\n");
  EXPECT_EQ(repairAndDelete(), "abandoned_upload deleted 1\n");
  EXPECT_EQ(repair(), "");
}

TEST_F(StorageCheckTest, AnIndexOfImagesMayNameWhatIsNotThere) {
  const std::string list =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" +
      RegistryUnderTest::descriptor("application/vnd.oci.image.manifest.v1+json", oci::Digest::of("elsewhere")) + "]}";
  RegistryUnderTest::must(registry_.put("a/b", oci::Reference(tag("list")), list));
  EXPECT_EQ(repairAndDelete(), "sparse_index left 1\n");
}

TEST_F(StorageCheckTest, LayersOfOldManifestsAreNoOrphans) {
  const auto old = registry_.pushBlob("a/b", "layer of schema 1");
  const std::string json = R"({"schemaVersion":1,"fsLayers":[{"blobSum":")" + old.text() + R"("}]})";
  const auto digest = oci::Digest::of(json);
  put(layout::blobData(digest), json);
  put(layout::revisionLink(repository("a/b"), digest), digest.text());
  registry_.clock.jumpTo(base::SystemClock().now() + std::chrono::hours(25));
  EXPECT_EQ(check(), "");
}

TEST_F(StorageCheckTest, ADeleteUnderWayIsNoDamage) {
  driver().remove(revisionLink());
  onWait_ = [&] { driver().removeTree(layout::tagFolder(repository("a/b"), tag("v1"), HashAlgorithm::Sha256)); };
  EXPECT_EQ(check(), "");
}

TEST_F(StorageCheckTest, AReadOnlyRegistryRepairsNothing) {
  mayWrite_ = false;
  driver().remove(revisionLink());
  const auto before = everything();
  EXPECT_EQ(repairAndDelete(), "dangling_tag left 1\n");
  EXPECT_EQ(everything(), before);
}

TEST_F(StorageCheckTest, OnlyTheRepositoriesThatAreNamedAreChecked) {
  registry_.pushImage("c", "v1");
  driver().remove(revisionLink());
  EXPECT_EQ(check({.only = {repository("c")}}), "");
  EXPECT_EQ(check({.only = {repository("a/b")}}), "dangling_tag left 1\n");
}

TEST_F(StorageCheckTest, EachStorageIsWholeInItself) {
  const auto layer = registry_.pushBlob("other/x", "ab");
  const auto image = registry_.pushImage("other/x", "v1", {layer});
  EXPECT_EQ(layer, layer_);
  EXPECT_EQ(check({.readAll = true}), "");
  other_.remove(layout::blobData(layer));
  other_.remove(layout::revisionLink(repository("other/x"), image));
  EXPECT_EQ(repairAndDelete(), "dangling_layer deleted 1\ndangling_tag repaired 1\n");
  EXPECT_EQ(check(), "incomplete_manifest left 1\n");
  for (const auto& entry : ledger_->findings(0, 10)) {
    EXPECT_NE(entry.text.find(R"("storage":"second")"), std::string::npos) << entry.text;
  }
  EXPECT_TRUE(isThere(layout::blobData(layer_)));
}

TEST_F(StorageCheckTest, WhatCannotBeReadIsReportedAndTheRestIsChecked) {
  registry_.pushImage("c", "v1");
  driver().remove(layout::revisionLink(repository("c"), registry_.pushImage("c", "v1")));
  FlakyDriver flaky(driver());
  flaky.fail({.operation = Operation::List, .pathPart = "a/b/_layers", .count = 1});
  EXPECT_TRUE(run(flaky, {}));
  EXPECT_EQ(counts(), "dangling_tag left 1\nunchecked left 1\n");
  EXPECT_TRUE(run(flaky, {}));  // goes on with what was left
  EXPECT_EQ(counts(), "dangling_tag left 1\nunchecked left 1\n");
}

TEST_F(StorageCheckTest, AStoppedCheckGoesOnWhereItStopped) {
  registry_.pushImage("c", "v1");
  driver().remove(revisionLink());
  FlakyDriver flaky(driver());
  flaky.observe([&](Operation operation, std::string_view path) {
    stop_ = stop_ || (operation == Operation::List && path.ends_with("repositories/c/_layers/sha256"));
  });
  EXPECT_FALSE(run(flaky, {}));
  EXPECT_EQ(counts(), "dangling_tag left 1\n");
  stop_ = false;
  std::uint64_t looks = 0;
  flaky.observe([&](Operation, std::string_view path) { looks += path.find("a/b/_manifests") != path.npos ? 1 : 0; });
  EXPECT_TRUE(run(flaky, {}));
  EXPECT_EQ(looks, 0U);  // the repository that was done is not looked at again
  EXPECT_EQ(counts(), "dangling_tag left 1\n");
}

TEST(CheckFindingTest, EveryKindHasARowAndAnotherName) {
  std::map<std::string, int> names;
  for (const auto& row : registry::allFindingKinds()) {
    ++names[std::string(row.name)];
    EXPECT_FALSE(row.meaning.empty() || row.advice.empty());
    EXPECT_EQ(registry::rowOf(row.kind).name, row.name);
  }
  EXPECT_EQ(names.size(), registry::allFindingKinds().size());
  EXPECT_EQ(names.size(), static_cast<std::size_t>(registry::FindingKind::Unchecked) + 1);
}

}  // namespace
}  // namespace rha::test
