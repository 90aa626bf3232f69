#include "apps/registry-homepage-builder/local_source.h"

#include <gtest/gtest.h>

#include "apps/registry-homepage-builder/image_config.h"
#include "index/schema.h"
#include "support/registry_under_test.h"

namespace rha::homepage {
namespace {

using rha::test::RegistryUnderTest;

const std::string kImageType = "application/vnd.oci.image.manifest.v1+json";

class LocalSourceTest : public testing::Test {
 protected:
  LocalSourceTest() { registry.index->setMark(index::kCompleteMark, index::completeMarkValue()); }

  // An image with this config; its digest.
  oci::Digest push(const std::string& name, const oci::Reference& reference, const std::string& config,
                   const std::string& extra = "") {
    const auto digest = registry.pushBlob(name, config);
    const std::string json = R"({"schemaVersion":2,"mediaType":")" + kImageType + R"(","config":)" +
                             RegistryUnderTest::descriptor("application/vnd.oci.image.config.v1+json", digest) +
                             R"(,"layers":[])" + extra + "}";
    return RegistryUnderTest::must(registry.put(name, reference, json)).digest;
  }
  oci::Reference tag(const std::string& text) const { return oci::Reference(rha::test::tag(text)); }

  std::unique_ptr<LocalSource> open(std::vector<access::VisibleNamespaces> policies = {},
                                    const EarlierSite* earlier = nullptr) {
    reader.open();
    return std::make_unique<LocalSource>(reader, configs, std::move(policies), "registry.test", earlier);
  }
  static std::string names(LocalSource& source) {
    std::string text;
    for (const auto& name : source.repositories()) {
      text += name.text() + ' ';
    }
    return text;
  }

  RegistryUnderTest registry;
  StorageConfigs configs{registry.driver()};
  index::IndexReader reader{registry.folder.path() / "index.sqlite", 2};
};

TEST_F(LocalSourceTest, whatAnImageIsComesFromIndexAndConfig) {
  const auto digest = push("a/b", tag("1.0"),
                           R"({"architecture":"arm64","os":"linux","created":"2026-01-02T03:04:05.6Z",)"
                           R"("config":{"Labels":{"k":"v","n":3}},"history":[{"created_by":"x"}]})");
  const auto repository = open()->read(rha::test::repository("a/b")).value();
  EXPECT_EQ(repository.registry, "registry.test");
  ASSERT_EQ(repository.tags.size(), 1U);
  const auto& image = *repository.tags[0].image;
  EXPECT_EQ(repository.tags[0].tag.text(), "1.0");
  EXPECT_EQ(repository.tags[0].pushed, registry.clock.now());
  EXPECT_EQ(image.digest, digest);
  EXPECT_EQ(image.labels, (std::map<std::string, std::string>{{"k", "v"}}));
  EXPECT_EQ(base::formatRfc3339(image.created.value()), "2026-01-02T03:04:05Z");
  ASSERT_EQ(image.platforms.size(), 1U);
  EXPECT_EQ(image.platforms[0].platform, "linux/arm64");
  EXPECT_EQ(image.platforms[0].sizeBytes, 2U);
}

TEST_F(LocalSourceTest, anIndexHasItsPlatformsAndTheLabelsOfTheMainOne) {
  const auto arm = push("a", tag("arm"), R"({"config":{"Labels":{"of":"arm"}}})");
  const auto amd = push("a", tag("amd"), R"({"config":{"Labels":{"of":"amd"}}})");
  const auto platform = [](const oci::Digest& digest, const std::string& architecture) {
    return R"({"mediaType":")" + kImageType + R"(","digest":")" + digest.text() +
           R"(","size":2,"platform":{"os":"linux","architecture":")" + architecture + "\"}}";
  };
  const std::string unknown = R"({"mediaType":")" + kImageType + R"(","digest":")" + amd.text() +
                              R"(","size":2,"platform":{"os":"unknown","architecture":"unknown"}})";
  RegistryUnderTest::must(
      registry.put("a", tag("all"),
                   R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" +
                       platform(arm, "arm64") + "," + platform(amd, "amd64") + "," + unknown + "]}"));
  const auto repository = open()->read(rha::test::repository("a")).value();
  for (const auto& entry : repository.tags) {
    if (entry.tag.text() != "all") {
      continue;
    }
    ASSERT_EQ(entry.image->platforms.size(), 2U);
    EXPECT_EQ(entry.image->platforms[0].platform, "linux/arm64");
    EXPECT_EQ(entry.image->labels.at("of"), "amd");
    ASSERT_EQ(entry.image->attachments.size(), 1U);
    EXPECT_EQ(entry.image->attachments[0].kind, AttachmentKind::Attestation);
    return;
  }
  FAIL() << "the index is not among the tags";
}

TEST_F(LocalSourceTest, attachmentsAreFoundByReferrerAndByTag) {
  const auto signedImage = push("a", tag("1"), "{}");
  const auto oldStyle = push("a", tag("2"), R"({"x":1})");
  push("a", tag("sbom"), R"({"x":2})",
       R"(,"artifactType":"application/spdx+json","subject":{"mediaType":")" + kImageType + R"(","digest":")" +
           signedImage.text() + R"(","size":2})");
  push("a", tag("sha256-" + std::string(oldStyle.hex()) + ".sig"), R"({"x":3})");
  const auto repository = open()->read(rha::test::repository("a")).value();
  ASSERT_EQ(repository.tags.size(), 3U);  // 1, 2 and sbom, which is a tag like any other
  EXPECT_EQ(repository.tags[0].image->attachments.at(0).kind, AttachmentKind::Sbom);
  EXPECT_EQ(repository.tags[1].image->attachments.at(0).kind, AttachmentKind::Signature);
}

TEST_F(LocalSourceTest, onlyWhatAllRulesShowIsListed) {
  for (const char* name : {"open/a", "restricted/b", "soon/c"}) {
    push(name, tag("1"), "{}");
  }
  EXPECT_EQ(names(*open()), "open/a restricted/b soon/c ");
  const access::VisibleNamespaces inForce{{"", true}, {"restricted/", false}};
  const access::VisibleNamespaces next{{"", true}, {"restricted/", false}, {"soon/", false}};
  LocalSource both(reader, configs, {inForce, next}, "r");
  EXPECT_EQ(names(both), "open/a ");
  LocalSource none(reader, configs, {{{"", false}}}, "r");
  EXPECT_EQ(names(none), "");
}

TEST_F(LocalSourceTest, aLongListIsReadInPages) {
  for (int i = 0; i < 1100; ++i) {
    registry.index->touchRepository(rha::test::repository("r" + std::to_string(i)), registry.clock.now());
  }
  EXPECT_EQ(open()->repositories().size(), 1100U);
}

TEST_F(LocalSourceTest, anIndexThatIsNotCompleteIsRefused) {
  registry.index->setMark(index::kCompleteMark, "");
  EXPECT_THROW(open(), index::IndexError);
  index::IndexReader none(registry.folder.path() / "none.sqlite", 1);
  EXPECT_THROW(none.open(), index::IndexError);
  EXPECT_FALSE(std::filesystem::exists(registry.folder.path() / "none.sqlite"));
}

TEST_F(LocalSourceTest, whatTheEarlierSiteKnowsIsNotReadAgain) {
  const auto digest = push("a", tag("1"), R"({"config":{"Labels":{"from":"config"}}})");
  push("a", tag("2"), R"({"config":{"Labels":{"from":"config, too"}}})");
  const std::string page = R"({"name":"a","pages":1,"tags":[{"tag":"1","digest":")" + digest.text() +
                           R"(","mediaType":"m","created":null,)" +
                           R"("platforms":[{"platform":"linux/amd64","digest":")" + digest.text() + R"(","size":5}],)" +
                           R"("attachments":[{"kind":"signature","artifactType":"gone","digest":")" + digest.text() +
                           R"("}],"labels":{"from":"site"}}]})";
  const EarlierSite earlier(
      [&](const std::string& path) { return path == "a/tags/index.json" ? std::optional(page) : std::nullopt; });
  const auto repository = open({}, &earlier)->read(rha::test::repository("a")).value();
  ASSERT_EQ(repository.tags.size(), 2U);
  EXPECT_EQ(repository.tags[0].image->labels.at("from"), "site");
  EXPECT_TRUE(repository.tags[0].image->attachments.empty());  // those may change
  EXPECT_EQ(repository.tags[1].image->labels.at("from"), "config, too");
}

TEST(EarlierSiteTest, whatIsDamagedOrIncompleteIsNotKnown) {
  const auto known = [](const std::string& text) {
    return EarlierSite([&](const std::string&) { return std::optional(text); })
        .imagesOf(rha::test::repository("a"))
        .size();
  };
  const std::string digest = oci::Digest::of("x").text();
  const auto page = [&](const std::string& size, const std::string& labels) {
    return R"({"name":"a","pages":1,"tags":[{"digest":")" + digest +
           R"(","mediaType":"m","created":null,"platforms":[)" + R"({"platform":"","digest":")" + digest +
           R"(","size":)" + size + R"(}],"attachments":[],"labels":)" + labels + "}]}";
  };
  EXPECT_EQ(known(page("5", R"({"k":"v"})")), 1U);
  EXPECT_EQ(known(page("0", R"({"k":"v"})")), 0U);
  EXPECT_EQ(known(page("5", "{}")), 0U);
  EXPECT_EQ(known(page("\"5\"", R"({"k":"v"})")), 0U);
  EXPECT_EQ(known(""), 0U);
  EXPECT_EQ(known("{}"), 0U);
  EXPECT_EQ(known(R"({"name":"b","pages":1,"tags":[]})"), 0U);
}

TEST(ImageConfig, whatIsMissingOrWrongIsLeftOut) {
  for (const char* text : {"", "[]", "{", "{\"config\":null}", "{\"config\":{\"Labels\":[]}}", "{\"created\":5}"}) {
    const auto config = parseImageConfig(text);
    EXPECT_FALSE(config.created) << text;
    EXPECT_TRUE(config.labels.empty()) << text;
    EXPECT_EQ(config.platform, "") << text;
  }
  EXPECT_FALSE(parseImageConfig(R"({"created":"1970-01-01T00:00:00Z"})").created);
  EXPECT_FALSE(parseImageConfig(R"({"created":"0001-01-01T00:00:00Z"})").created);
}

TEST(ImageConfig, labelsAreBounded) {
  std::string json = R"({"config":{"Labels":{)";
  for (int i = 0; i < 200; ++i) {
    json += "\"key" + std::to_string(i) + "\":\"" + std::string(5000, 'x') + "\",";
  }
  const auto config = parseImageConfig(json + "\"last\":\"x\"}}}");
  EXPECT_EQ(config.labels.size(), kMostLabels);
  EXPECT_LE(config.labels.begin()->second.size(), kLongestLabelValue + 3);
}

}  // namespace
}  // namespace rha::homepage
