#include "api_fixture.h"

namespace {

using rha::test::Api;
using rha::test::ApiUnderTest;
using rha::test::RegistryUnderTest;

class ApiListing : public Api {
 protected:
  void tags(const std::string& repository, const std::vector<std::string>& names) {
    for (const auto& name : names) {
      api.registry.pushImage(repository, name);
    }
  }
};

TEST_F(ApiListing, allTagsComeInAsciiOrderInOneAnswer) {
  tags("a", {"v10", "v2", "V1", "_x", "0"});
  const auto answer = api.get("/v2/a/tags/list?cache=busted");
  EXPECT_EQ(answer.body, "{\"name\":\"a\",\"tags\":[\"0\",\"V1\",\"_x\",\"v10\",\"v2\"]}\n");
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_FALSE(answer.headers.has("Link"));
}

TEST_F(ApiListing, tagsPageByPage) {
  tags("a/b", {"a", "b", "c"});
  const auto first = api.get("/v2/a/b/tags/list?n=2");
  EXPECT_TRUE(first.has("[\"a\",\"b\"]"));
  EXPECT_EQ(first.header("Link"), "</v2/a/b/tags/list?last=b&n=2>; rel=\"next\"");
  const auto second = api.get("/v2/a/b/tags/list?last=b&n=2");
  EXPECT_TRUE(second.has("[\"c\"]"));
  EXPECT_FALSE(second.headers.has("Link"));
  EXPECT_FALSE(api.get("/v2/a/b/tags/list?n=3").headers.has("Link"));
  EXPECT_TRUE(api.get("/v2/a/b/tags/list?last=aa").has("[\"b\",\"c\"]"));
  const auto none = api.get("/v2/a/b/tags/list?n=0");
  EXPECT_TRUE(none.has("\"tags\":[]"));
  EXPECT_FALSE(none.headers.has("Link"));
}

TEST_F(ApiListing, aRepositoryWithoutTagsHasAnEmptyList) {
  api.registry.pushBlob("a", "x");
  EXPECT_TRUE(api.get("/v2/a/tags/list").has("\"tags\":[]"));
  EXPECT_EQ(codeOf(api.get("/v2/b/tags/list")), "NAME_UNKNOWN");
  EXPECT_EQ(codeOf(api.get("/v2/a/tags/list?n=x")), "PAGINATION_NUMBER_INVALID");
}

TEST_F(ApiListing, theCataloguePageByPage) {
  rha::api::ApiSettings settings;
  settings.catalogMaxEntries = 2;
  ApiUnderTest small(policy, settings);
  EXPECT_EQ(small.get("/v2/_catalog").body, "{\"repositories\":[]}\n");
  for (const char* name : {"b", "a", "b/a"}) {
    small.registry.pushImage(name, "v1");
  }
  const auto first = small.get("/v2/_catalog");
  EXPECT_EQ(first.body, "{\"repositories\":[\"a\",\"b\"]}\n");
  EXPECT_EQ(first.header("Link"), "</v2/_catalog?last=b&n=2>; rel=\"next\"");
  EXPECT_EQ(first.header("Cache-Control"), "public,s-maxage=600,max-age=600");
  const auto second = small.get("/v2/_catalog?n=1&last=b");
  EXPECT_EQ(second.body, "{\"repositories\":[\"b/a\"]}\n");
  EXPECT_FALSE(second.headers.has("Link"));
  EXPECT_EQ(small.get("/v2/_catalog?n=0").body, "{\"repositories\":[]}\n");
  EXPECT_EQ(codeOf(small.get("/v2/_catalog?n=3")), "PAGINATION_NUMBER_INVALID");
}

class ApiReferrers : public Api {
 protected:
  static constexpr const char* kImage = "application/vnd.oci.image.manifest.v1+json";
  rha::oci::Digest subject = api.registry.pushImage("a", "v1");
  std::string url = "/v2/a/referrers/" + subject.text();

  std::string refer(const std::string& artifactType, const std::string& annotation) {
    const auto bytes =
        RegistryUnderTest::imageJson(api.registry.pushBlob("a", "{}"), {},
                                     R"(,"artifactType":")" + artifactType + R"(","annotations":{"k":")" + annotation +
                                         R"("},"subject":)" + RegistryUnderTest::descriptor(kImage, subject));
    EXPECT_EQ(api.send("PUT", "/v2/a/manifests/" + digestOf(bytes), bytes, {{"Content-Type", kImage}}).status, 201);
    return digestOf(bytes);
  }
};

TEST_F(ApiReferrers, noneIsAnEmptyIndex) {
  const auto answer = api.get(url);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "application/vnd.oci.image.index.v1+json");
  EXPECT_EQ(answer.body, R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})"
                         "\n");
  EXPECT_EQ(api.get("/v2/nobody/referrers/" + subject.text()).status, 200);
  EXPECT_EQ(api.get("/v2/a/referrers/sha256:abc").status, 400);
}

TEST_F(ApiReferrers, areDescribedAndFiltered) {
  const auto digest = refer("application/vnd.example+json", "quo\\\"te");
  refer("application/vnd.other", "x");
  const auto answer = api.get(url + "?artifactType=application/vnd.example+json");
  EXPECT_EQ(answer.header("OCI-Filters-Applied"), "artifactType");
  EXPECT_TRUE(answer.has(digest));
  EXPECT_TRUE(answer.has(R"("artifactType":"application/vnd.example+json","annotations":{"k":"quo\"te"})"));
  EXPECT_FALSE(answer.has("application/vnd.other"));
  EXPECT_FALSE(api.get(url).headers.has("OCI-Filters-Applied"));
}

TEST_F(ApiReferrers, pageByPageByCountOrSize) {
  for (int i = 0; i < 5; ++i) {
    refer("a/b", std::to_string(i));
  }
  auto next = url + "?artifactType=a/b&n=2";
  int pages = 0;
  std::string seen;
  while (!next.empty()) {
    const auto answer = api.get(next);
    ASSERT_EQ(answer.status, 200);
    seen += answer.body;
    ++pages;
    const auto link = answer.header("Link");
    next = link.empty() ? "" : link.substr(1, link.find('>') - 1);
  }
  EXPECT_EQ(pages, 3);
  for (int i = 0; i < 5; ++i) {
    EXPECT_NE(seen.find("{\"k\":\"" + std::to_string(i) + "\"}"), std::string::npos);
  }
}

TEST_F(ApiListing, theHistoryOfATagIsNewestFirst) {
  auto& registry = api.registry;
  const auto one = registry.pushImage("a", "v1");
  registry.clock.advance(std::chrono::seconds(10));
  const auto two = registry.pushImage("a", "v1", {}, R"(,"annotations":{"n":"2"})");
  registry.clock.advance(std::chrono::seconds(10));
  EXPECT_EQ(api.del("/v2/a/manifests/v1").status, 202);

  const auto answer = api.get("/v2/a/_oci/tag-history/v1");
  EXPECT_EQ(answer.status, 200);
  const auto deleted = answer.body.find("\"deleted\"");
  EXPECT_LT(answer.body.find(two.text()), deleted);
  EXPECT_LT(deleted, answer.body.rfind(two.text()));
  EXPECT_LT(answer.body.rfind(two.text()), answer.body.find(one.text()));
  EXPECT_TRUE(answer.has("2026-01-02T03:04:25"));

  const auto first = api.get("/v2/a/_oci/tag-history/v1?n=1&digest=" + two.text());
  EXPECT_TRUE(first.has("\"deleted\""));
  const auto link = first.header("Link");
  ASSERT_FALSE(link.empty());
  const auto second = api.get(link.substr(1, link.find('>') - 1));
  EXPECT_TRUE(second.has("\"created\""));
  EXPECT_FALSE(second.headers.has("Link"));

  EXPECT_EQ(api.get("/v2/a/_oci/tag-history/v1?before=yesterday").status, 400);
  EXPECT_TRUE(api.get("/v2/a/_oci/tag-history/v1?since=2026-01-02T03:04:20Z").has("\"deleted\""));
  EXPECT_EQ(api.get("/v2/a/_oci/tag-history/v9").status, 404);
}

}  // namespace
