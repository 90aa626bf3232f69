// Manifests on shared storage that are answered from memory: what is asked of the storage, and that no answer is older
// than it may be.
#include "registry/manifest_memory.h"

#include <gtest/gtest.h>

#include "registry/layout.h"
#include "support/flaky_driver.h"
#include "support/registry_under_test.h"
#include "support/shared_driver.h"

namespace rha::test {
namespace {

using oci::Reference;
using registry::ManifestMemory;

// A registry that keeps what it reads; several may have one storage.
struct Node {
  explicit Node(storage::StorageDriver& storage, registry::ManifestMemorySettings settings = {})
      : driver(std::make_shared<FlakyDriver>(storage)), registry(driver), memory(settings, registry.clock, metrics) {
    registry.manifests.keepReadIn(memory);
  }

  std::string get(const Reference& reference, const std::string& name = "a/b") {
    const auto manifest = registry.manifests.get(repository(name), reference);
    return manifest.ok() ? *manifest->bytes : std::string(oci::info(manifest.error().code).name);
  }
  std::string get(const std::string& tagText) { return get(Reference(tag(tagText))); }
  // What the storage is asked to get that.
  std::uint64_t calls(const Reference& reference) {
    const std::uint64_t before = driver->calls();
    get(reference);
    return driver->calls() - before;
  }
  std::uint64_t calls(const std::string& tagText) { return calls(Reference(tag(tagText))); }
  void remove(const oci::Digest& digest) {
    RegistryUnderTest::must(registry.manifests.removeManifest(repository("a/b"), digest, registry.actor));
  }

  std::shared_ptr<FlakyDriver> driver;  // shared with the registry
  RegistryUnderTest registry;
  base::MetricsRegistry metrics;
  ManifestMemory memory;
};

class ManifestMemoryTest : public testing::Test {
 protected:
  static std::string revision(const oci::Digest& digest) {
    return registry::layout::revisionLink(repository("a/b"), digest);
  }
  // A tag that whoever deletes its manifest does not know of.
  void tagBehindTheIndex(const std::string& tagText, const oci::Digest& digest) {
    storage_.put(registry::layout::tagCurrentLink(repository("a/b"), tag(tagText), digest.algorithm()), digest.text(),
                 storage::Durability::Durable);
  }

  SharedDriver storage_;
  Node here_{storage_};
  Node there_{storage_};
  oci::Digest digest_ = there_.registry.pushImage("a/b", "v1");
  std::string bytes_ = there_.get("v1");
};

TEST_F(ManifestMemoryTest, ATagTakesOneLookIntoTheStorageOnceItsManifestWasRead) {
  EXPECT_EQ(here_.calls("v1"), 3U);
  EXPECT_EQ(here_.calls("v1"), 1U);
  EXPECT_EQ(here_.get("v1"), bytes_);
  EXPECT_EQ(here_.calls(Reference(digest_)), 1U);
  here_.registry.clock.advance(ManifestMemory::kLinkStands);
  EXPECT_EQ(here_.calls("v1"), 2U) << "the revision link is asked for, the bytes are not";
  EXPECT_EQ(here_.calls("v1"), 1U);
}

TEST_F(ManifestMemoryTest, AReadByDigestWarmsTheTags) {
  EXPECT_EQ(here_.calls(Reference(digest_)), 2U);
  EXPECT_EQ(here_.calls("v1"), 1U);
}

TEST_F(ManifestMemoryTest, ATagThatAnotherNodeMovesMovesWithTheNextRead) {
  ASSERT_EQ(here_.get("v1"), bytes_);
  const auto moved = there_.registry.pushImage("a/b", "v1", {}, R"(,"annotations":{"x":"2"})");
  EXPECT_EQ(oci::Digest::of(here_.get("v1")), moved);
  EXPECT_EQ(here_.get(Reference(digest_)), bytes_);
}

TEST_F(ManifestMemoryTest, WhatAnotherNodeDeletesIsGoneWithTheNextRead) {
  ASSERT_EQ(here_.get("v1"), bytes_);
  RegistryUnderTest::must(there_.registry.manifests.removeTag(repository("a/b"), tag("v1"), there_.registry.actor));
  EXPECT_EQ(here_.get("v1"), "MANIFEST_UNKNOWN");
  EXPECT_EQ(here_.get(Reference(digest_)), bytes_);
  there_.registry.pushImage("a/b", "v1");
  ASSERT_EQ(here_.get("v1"), bytes_);
  there_.remove(digest_);
  EXPECT_EQ(here_.get("v1"), "MANIFEST_UNKNOWN");
  EXPECT_EQ(here_.get(Reference(digest_)), "MANIFEST_UNKNOWN");
  there_.registry.pushImage("a/b", "v1");
  EXPECT_EQ(here_.get("v1"), bytes_);
}

TEST_F(ManifestMemoryTest, ATagThatWasLeftOnADeletedManifestEndsWithinSeconds) {
  tagBehindTheIndex("left", digest_);
  ASSERT_EQ(here_.get("left"), bytes_);
  there_.remove(digest_);
  here_.registry.clock.advance(ManifestMemory::kLinkStands);
  EXPECT_EQ(here_.get("left"), "MANIFEST_UNKNOWN");
}

TEST_F(ManifestMemoryTest, OnceADigestIsKnownToBeGoneSoIsATagThatWasLeftOnIt) {
  tagBehindTheIndex("left", digest_);
  ASSERT_EQ(here_.get("left"), bytes_);
  there_.remove(digest_);
  EXPECT_EQ(here_.get(Reference(digest_)), "MANIFEST_UNKNOWN");
  EXPECT_EQ(here_.get("left"), "MANIFEST_UNKNOWN");
}

TEST_F(ManifestMemoryTest, WhatThisNodeDeletesIsGoneAtOnceWhateverPointsAtIt) {
  tagBehindTheIndex("left", digest_);
  ASSERT_EQ(here_.get("left"), bytes_);
  here_.remove(digest_);
  EXPECT_EQ(here_.get("left"), "MANIFEST_UNKNOWN");
}

TEST_F(ManifestMemoryTest, WhatIsDeletedWhileItIsReadIsNotKept) {
  tagBehindTheIndex("left", digest_);
  bool once = true;
  here_.driver->observe([&](Operation operation, std::string_view path) {
    if (operation == Operation::Get && path == registry::layout::blobData(digest_) && std::exchange(once, false)) {
      here_.remove(digest_);
    }
  });
  EXPECT_EQ(here_.get("left"), bytes_) << "the delete had not been answered when this was asked";
  EXPECT_EQ(here_.get("left"), "MANIFEST_UNKNOWN");
}

TEST_F(ManifestMemoryTest, NothingIsAnsweredFromWhatAnotherRepositoryHas) {
  ASSERT_EQ(here_.get("v1"), bytes_);
  EXPECT_EQ(here_.get(Reference(digest_), "closed/a"), "MANIFEST_UNKNOWN");
  EXPECT_EQ(here_.get(Reference(tag("v1")), "closed/a"), "MANIFEST_UNKNOWN");
}

TEST_F(ManifestMemoryTest, BytesThatAreLostAreMissedAfterMinutes) {
  ASSERT_EQ(here_.get("v1"), bytes_);
  storage_.remove(registry::layout::blobData(digest_));
  EXPECT_EQ(here_.get("v1"), bytes_);
  here_.registry.clock.advance(ManifestMemory::kBytesStand);
  EXPECT_EQ(here_.get("v1"), "MANIFEST_UNKNOWN");
}

TEST_F(ManifestMemoryTest, WrongBytesAreNotKept) {
  storage_.put(registry::layout::blobData(digest_), bytes_ + " ", storage::Durability::Durable);
  EXPECT_EQ(here_.calls("v1"), 3U);
  EXPECT_EQ(here_.calls("v1"), 3U);
  storage_.put(registry::layout::blobData(digest_), bytes_, storage::Durability::Durable);
  EXPECT_EQ(here_.get("v1"), bytes_);
}

TEST_F(ManifestMemoryTest, ATypeThatTheBytesDoNotTellIsAskedForWithTheRevisionLink) {
  const std::string odd = R"({"anything":1})";
  const auto typeThatIsServed = [&] {
    return RegistryUnderTest::must(here_.registry.manifests.get(repository("a/b"), Reference(tag("odd")))).mediaType;
  };
  const auto push = [&](Node& node, const std::string& type) {
    RegistryUnderTest::must(node.registry.put("a/b", Reference(tag("odd")), odd, type));
  };
  push(there_, "application/one");
  EXPECT_EQ(typeThatIsServed(), "application/one");
  EXPECT_EQ(here_.calls("odd"), 1U);
  push(there_, "application/two");
  here_.registry.clock.advance(ManifestMemory::kLinkStands);
  EXPECT_EQ(typeThatIsServed(), "application/two");
  push(here_, "application/three");
  EXPECT_EQ(typeThatIsServed(), "application/three") << "what this node changes is seen at once";
}

TEST_F(ManifestMemoryTest, StaysWithinItsBytesAndLeavesOutWhatIsTooLarge) {
  Node narrow(storage_, {.bytes = 4096, .entries = 100, .largestBytes = 1024});
  const auto bytesHeld = [&] { return narrow.metrics.gauge("registry_ha_manifest_memory_bytes", "").value(); };
  for (int i = 0; i < 20; ++i) {
    const std::string name = "n" + std::to_string(i);
    there_.registry.pushImage("a/b", name, {}, R"(,"annotations":{"x":")" + name + "\"}");
    narrow.get(name);
    EXPECT_LE(bytesHeld(), 4096);
  }
  EXPECT_GT(bytesHeld(), 1000);
  EXPECT_EQ(narrow.calls("n19"), 1U);
  EXPECT_EQ(narrow.calls("n0"), 3U);
  there_.registry.pushImage("a/b", "large", {}, R"(,"annotations":{"x":")" + std::string(2000, 'x') + "\"}");
  EXPECT_EQ(narrow.calls("large"), 3U);
  EXPECT_EQ(narrow.calls("large"), 3U);
}

TEST_F(ManifestMemoryTest, OnStorageOfThisHostAloneOthersKeepIt) {
  storage::MemoryDriver alone;
  Node node(alone);
  node.registry.pushImage("a/b", "v1");
  EXPECT_EQ(node.calls("v1"), 3U);
  EXPECT_EQ(node.calls("v1"), 3U);
}

}  // namespace
}  // namespace rha::test
