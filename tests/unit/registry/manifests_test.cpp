#include "registry/manifests.h"

#include <gtest/gtest.h>

#include <thread>

#include "registry/layout.h"
#include "support/registry_under_test.h"

namespace rha::test {
namespace {

using oci::ErrorCode;
using oci::Reference;

class ManifestsTest : public testing::Test {
 protected:
  RegistryUnderTest registry_;

  std::string get(const std::string& name, const Reference& reference) {
    const auto manifest = registry_.manifests.get(repository(name), reference);
    return manifest.ok() ? *manifest->bytes : std::string(oci::info(manifest.error().code).name);
  }
};

TEST_F(ManifestsTest, AManifestIsServedByteForByteByTagAndDigest) {
  const auto config = registry_.pushBlob("a/b", "{}");
  const std::string bytes = "\n " + RegistryUnderTest::imageJson(config, {}) + "\n\n";
  const auto pushed = RegistryUnderTest::must(registry_.put("a/b", Reference(tag("v1")), bytes));
  EXPECT_EQ(get("a/b", Reference(tag("v1"))), bytes);
  EXPECT_EQ(get("a/b", Reference(pushed.digest)), bytes);
  EXPECT_EQ(pushed.digest, oci::Digest::of(bytes));
}

TEST_F(ManifestsTest, ThePushedTypeIsServedEvenWhereTheBytesDoNotTell) {
  const std::string bytes = R"({"anything":1})";
  const auto pushed = RegistryUnderTest::must(
      registry_.put("a/b", Reference(tag("odd")), bytes, "application/vnd.example.thing+json; charset=utf-8"));
  const auto manifest = RegistryUnderTest::must(registry_.manifests.get(repository("a/b"), Reference(pushed.digest)));
  EXPECT_EQ(manifest.mediaType, "application/vnd.example.thing+json");
}

TEST_F(ManifestsTest, BlobsThatTheRepositoryLacksAreNamed) {
  const auto config = registry_.pushBlob("a/b", "{}");
  const auto layer = registry_.pushBlob("other", "layer of another repository");
  const auto result = registry_.put("a/b", Reference(tag("v1")), RegistryUnderTest::imageJson(config, {layer}));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::ManifestBlobUnknown);
  EXPECT_NE(result.error().message.find(layer.text()), std::string::npos);
  EXPECT_EQ(get("a/b", Reference(tag("v1"))), "MANIFEST_UNKNOWN");
}

TEST_F(ManifestsTest, ANonDistributableLayerMayBeMissing) {
  const auto config = registry_.pushBlob("a/b", "{}");
  const std::string bytes =
      R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":)" +
      RegistryUnderTest::descriptor("application/vnd.docker.container.image.v1+json", config) + R"(,"layers":[)" +
      RegistryUnderTest::descriptor("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                                    oci::Digest::of("windows")) +
      "]}";
  EXPECT_TRUE(registry_.put("a/b", Reference(tag("win")), bytes).ok());
}

TEST_F(ManifestsTest, AnIndexMayBeSparse) {
  const std::string bytes =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" +
      RegistryUnderTest::descriptor("application/vnd.oci.image.manifest.v1+json", oci::Digest::of("nowhere")) + "]}";
  EXPECT_TRUE(registry_.put("a/b", Reference(tag("index")), bytes).ok());
}

TEST_F(ManifestsTest, APushByAnotherDigestIsRefused) {
  const auto config = registry_.pushBlob("a/b", "{}");
  const auto result =
      registry_.put("a/b", Reference(oci::Digest::of("other")), RegistryUnderTest::imageJson(config, {}));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::DigestInvalid);
}

TEST_F(ManifestsTest, DeletingATagLeavesTheManifestAndOtherTags) {
  const auto digest = registry_.pushImage("a/b", "v1");
  registry_.pushImage("a/b", "v2");
  RegistryUnderTest::must(registry_.manifests.removeTag(repository("a/b"), tag("v1"), registry_.actor));
  EXPECT_EQ(get("a/b", Reference(tag("v1"))), "MANIFEST_UNKNOWN");
  EXPECT_NE(get("a/b", Reference(tag("v2"))), "MANIFEST_UNKNOWN");
  EXPECT_NE(get("a/b", Reference(digest)), "MANIFEST_UNKNOWN");
  EXPECT_EQ(registry_.tagList("a/b"), "v2->" + std::string(digest.hex().substr(0, 12)));
  EXPECT_FALSE(registry_.manifests.removeTag(repository("a/b"), tag("v1"), registry_.actor).ok());
}

TEST_F(ManifestsTest, DeletingAManifestTakesItsTagsAndOnlyThem) {
  const auto gone = registry_.pushImage("a/b", "v1");
  registry_.pushImage("a/b", "latest");
  const auto kept = registry_.pushImage("a/b", "v2", {}, R"(,"annotations":{"x":"y"})");
  RegistryUnderTest::must(registry_.manifests.removeManifest(repository("a/b"), gone, registry_.actor));
  EXPECT_EQ(get("a/b", Reference(gone)), "MANIFEST_UNKNOWN");
  EXPECT_EQ(get("a/b", Reference(tag("latest"))), "MANIFEST_UNKNOWN");
  EXPECT_EQ(registry_.tagList("a/b"), "v2->" + std::string(kept.hex().substr(0, 12)));
  EXPECT_EQ(registry_.manifests.removeManifest(repository("a/b"), gone, registry_.actor).error().code,
            ErrorCode::ManifestUnknown);
}

TEST_F(ManifestsTest, DeletingAManifestTakesTagsThatTheIndexDoesNotKnow) {
  const auto gone = registry_.pushImage("a/b", "v1");
  registry_.pushImage("a/b", "v2");
  registry_.index->removeTag(repository("a/b"), tag("v2"), registry_.clock.now(), "");
  registry_.index->markDirty(repository("a/b"));
  RegistryUnderTest::must(registry_.manifests.removeManifest(repository("a/b"), gone, registry_.actor));
  EXPECT_EQ(registry_.pushImage("a/b", "v3"), gone);
  EXPECT_EQ(get("a/b", Reference(tag("v1"))), "MANIFEST_UNKNOWN");
  EXPECT_EQ(get("a/b", Reference(tag("v2"))), "MANIFEST_UNKNOWN");
}

TEST_F(ManifestsTest, APulledTagWhoseRevisionLinkIsGoneIsUnknown) {
  const auto digest = registry_.pushImage("a/b", "v1");
  registry_.driver().remove(registry::layout::revisionLink(repository("a/b"), digest));
  EXPECT_EQ(get("a/b", Reference(tag("v1"))), "MANIFEST_UNKNOWN");
}

TEST_F(ManifestsTest, ADamagedTagLinkIsUnknownAndCanBePushedAgain) {
  registry_.pushImage("a/b", "v1");
  registry_.driver().put(registry::layout::tagCurrentLink(repository("a/b"), tag("v1"), base::HashAlgorithm::Sha256),
                         "", storage::Durability::Durable);
  EXPECT_EQ(get("a/b", Reference(tag("v1"))), "MANIFEST_UNKNOWN");
  registry_.pushImage("a/b", "v1");
  EXPECT_NE(get("a/b", Reference(tag("v1"))), "MANIFEST_UNKNOWN");
}

TEST_F(ManifestsTest, ATagMovesBetweenSha256AndSha512AndIsDeletedWhole) {
  const auto small = registry_.pushImage("a/b", "v1");
  const auto config = registry_.pushBlob("a/b", "{}");
  const std::string bytes = RegistryUnderTest::imageJson(config, {}) + " ";
  const auto big = oci::Digest::of(bytes, base::HashAlgorithm::Sha512);
  RegistryUnderTest::must(registry_.put("a/b", Reference(big), bytes, "", {tag("v1")}));
  EXPECT_EQ(registry_.manifests.resolve(repository("a/b"), tag("v1")), big);
  registry_.pushImage("a/b", "v1");
  EXPECT_EQ(registry_.manifests.resolve(repository("a/b"), tag("v1")), small);
  RegistryUnderTest::must(registry_.manifests.removeTag(repository("a/b"), tag("v1"), registry_.actor));
  EXPECT_EQ(registry_.manifests.resolve(repository("a/b"), tag("v1")), std::nullopt);
}

TEST_F(ManifestsTest, ASha512TagIsNotSeenByTheOldRegistry) {
  const auto config = registry_.pushBlob("a/b", "{}");
  const std::string bytes = RegistryUnderTest::imageJson(config, {});
  const auto digest = oci::Digest::of(bytes, base::HashAlgorithm::Sha512);
  RegistryUnderTest::must(registry_.put("a/b", Reference(digest), bytes, "", {tag("v1")}));
  bool seen = false;
  registry_.driver().list("docker/registry/v2/repositories/a/b/_manifests/tags",
                          [&](const auto&) { return seen = true; });
  EXPECT_FALSE(seen);
}

TEST_F(ManifestsTest, TheSubjectIsToldAndListedAsReferrer) {
  const auto subject = registry_.pushImage("a/b", "v1");
  const auto signature =
      registry_.pushImage("a/b", "sig", {},
                          R"(,"artifactType":"application/x.sig","subject":)" +
                              RegistryUnderTest::descriptor("application/vnd.oci.image.manifest.v1+json", subject));
  auto page = registry_.referrers.list(repository("a/b"), subject, "", {"", 10});
  ASSERT_EQ(page.rows.size(), 1U);
  EXPECT_EQ(page.rows[0].digest, signature);
  EXPECT_EQ(page.rows[0].artifactType, "application/x.sig");
  EXPECT_TRUE(registry_.referrers.list(repository("a/b"), subject, "other", {"", 10}).rows.empty());
}

TEST_F(ManifestsTest, ReferrersOfTheFallbackTagAreJoined) {
  const auto subject = registry_.pushImage("a/b", "v1");
  const auto listed = oci::Digest::of("listed by an old client");
  const std::string fallback =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)"
      R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
      listed.text() + R"(","size":7,"artifactType":"application/x.sbom","annotations":{"k":"v"}}]})";
  RegistryUnderTest::must(registry_.put("a/b", Reference(tag(registry::fallbackTag(subject))), fallback));
  const auto page = registry_.referrers.list(repository("a/b"), subject, "application/x.sbom", {"", 10});
  ASSERT_EQ(page.rows.size(), 1U);
  EXPECT_EQ(page.rows[0].digest, listed);
  EXPECT_EQ(page.rows[0].annotationsJson, R"({"k":"v"})");
}

TEST_F(ManifestsTest, ReferrersArePagedAcrossBothSources) {
  const auto subject = registry_.pushImage("a/b", "v1");
  std::set<std::string> expected;
  for (int i = 0; i < 7; ++i) {
    expected.insert(
        registry_
            .pushImage("a/b", "r" + std::to_string(i), {},
                       R"(,"annotations":{"n":")" + std::to_string(i) + R"("},"subject":)" +
                           RegistryUnderTest::descriptor("application/vnd.oci.image.manifest.v1+json", subject))
            .text());
  }
  for (std::uint64_t size = 1; size <= 8; ++size) {
    std::set<std::string> seen;
    std::string last;
    bool more = true;
    while (more) {
      const auto page = registry_.referrers.list(repository("a/b"), subject, "", {last, size});
      for (const auto& row : page.rows) {
        EXPECT_TRUE(seen.insert(row.digest.text()).second);
        last = row.digest.text();
      }
      more = page.more;
    }
    EXPECT_EQ(seen, expected) << "pages of " << size;
  }
}

TEST_F(ManifestsTest, ConcurrentPushesOfOneTagLeaveIndexAndStorageAgreeing) {
  const auto config = registry_.pushBlob("a/b", "{}");
  std::vector<std::thread> pushers;
  for (int i = 0; i < 8; ++i) {
    pushers.emplace_back([&, i] {
      for (int round = 0; round < 20; ++round) {
        const std::string extra = R"(,"annotations":{"n":")" + std::to_string(i * 100 + round) + R"("})";
        RegistryUnderTest::must(
            registry_.put("a/b", Reference(tag("v1")), RegistryUnderTest::imageJson(config, {}, extra)));
      }
    });
  }
  for (auto& pusher : pushers) {
    pusher.join();
  }
  const auto stored = registry_.manifests.resolve(repository("a/b"), tag("v1"));
  const auto listed = registry_.index->tags(repository("a/b"), {"", 10});
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].digest, stored);
}

}  // namespace
}  // namespace rha::test
