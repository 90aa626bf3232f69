#include "api/answer_cache.h"

#include "api_fixture.h"
#include "registry/layout.h"

namespace {

using rha::api::AnswerCache;
using rha::api::AnswerCacheSettings;
using rha::api::CachedAnswer;
using rha::test::Api;
using rha::test::RegistryUnderTest;

class AnswerCacheTest : public testing::Test {
 protected:
  rha::storage::MemoryDriver driver;
  rha::base::MetricsRegistry metrics;

  static AnswerCacheSettings oneEntry(std::uint64_t bytes) {
    return {.bytes = bytes, .entries = 1, .largestBytes = bytes};
  }

  CachedAnswer answer(const std::string& reference, std::size_t size = 10) {
    rha::registry::Standing standing(driver);
    standing.include(reference);
    const std::string body(size, 'x');
    const auto none = std::make_shared<const std::string>();
    return {CachedAnswer::Kind::Blob,
            rha::oci::Digest::of(body),
            size,
            std::make_shared<const std::string>(body),
            none,
            none,
            false,
            standing};
  }
  std::uint64_t evictions() { return metrics.counter("registry_ha_answer_cache_evictions_total", "").value(); }
  std::int64_t entries() { return metrics.gauge("registry_ha_answer_cache_entries", "").value(); }
  std::int64_t bytes() { return metrics.gauge("registry_ha_answer_cache_bytes", "").value(); }
};

TEST_F(AnswerCacheTest, GivesWhatItKeptUntilAWriteOvertakesIt) {
  AnswerCache cache({}, metrics);
  cache.keep("/v2/a/blobs/1", answer("1"));
  ASSERT_NE(cache.find("/v2/a/blobs/1"), nullptr);
  EXPECT_EQ(cache.find("/v2/a/blobs/2"), nullptr);
  { const auto change = driver.changes()->begin("1"); }
  EXPECT_EQ(cache.find("/v2/a/blobs/1"), nullptr);
  EXPECT_EQ(entries(), 0);
  EXPECT_EQ(bytes(), 0);
}

TEST_F(AnswerCacheTest, DoesNotKeepWhatAWriteOvertookMeanwhile) {
  AnswerCache cache({}, metrics);
  CachedAnswer late = answer("1");
  { const auto change = driver.changes()->begin("1"); }
  cache.keep("/v2/a/blobs/1", late);
  EXPECT_EQ(entries(), 0);
}

TEST_F(AnswerCacheTest, DoesNotKeepWhatNobodyCountsTheChangesOf) {
  AnswerCache cache({}, metrics);
  CachedAnswer unknown = answer("1");
  unknown.standing = {};
  cache.keep("/v2/a/blobs/1", unknown);
  EXPECT_EQ(cache.find("/v2/a/blobs/1"), nullptr);
}

TEST_F(AnswerCacheTest, OneNameHasOnePath) {
  AnswerCache cache({}, metrics);
  cache.keep("/v2/%61/blobs/1", answer("1"));
  EXPECT_EQ(cache.find("/v2/%61/blobs/1"), nullptr);
}

TEST_F(AnswerCacheTest, StaysWithinItsBytesAndEntries) {
  AnswerCache byBytes({.bytes = 16 * 16 * 1024, .entries = 100'000, .largestBytes = 1024}, metrics);
  for (int i = 0; i < 2000; ++i) {
    byBytes.keep("/v2/a/blobs/" + std::to_string(i), answer(std::to_string(i), 1000));
    ASSERT_LE(bytes(), 16 * 16 * 1024);
  }
  EXPECT_GT(entries(), 50);
  EXPECT_EQ(evictions() + static_cast<std::uint64_t>(entries()), 2000U);
  EXPECT_NE(byBytes.find("/v2/a/blobs/1999"), nullptr) << "the newest stays";
}

TEST_F(AnswerCacheTest, HoldsNoMoreThanItsEntries) {
  AnswerCache cache({.bytes = 1U << 30U, .entries = 64, .largestBytes = 1024}, metrics);
  for (int i = 0; i < 1000; ++i) {
    cache.keep("/v2/a/blobs/" + std::to_string(i), answer(std::to_string(i)));
    ASSERT_LE(entries(), 64);
  }
}

TEST_F(AnswerCacheTest, SizeZeroKeepsNothing) {
  AnswerCache cache({.bytes = 0, .entries = 100, .largestBytes = 1000}, metrics);
  EXPECT_FALSE(cache.takes(1));
  cache.keep("/v2/a/blobs/1", answer("1"));
  EXPECT_EQ(cache.find("/v2/a/blobs/1"), nullptr);
}

// The whole way: requests to the API.
class AnswersFromMemory : public Api {
 protected:
  std::uint64_t reads() { return api.metrics.counter("registry_ha_answer_cache_misses_total", "").value(); }
  std::uint64_t hits() { return api.metrics.counter("registry_ha_answer_cache_hits_total", "").value(); }
};

TEST_F(AnswersFromMemory, TheSecondGetIsTheFirstOnesAnswer) {
  const auto digest = api.registry.pushImage("a", "v1").text();
  for (const std::string& url : {std::string("/v2/a/manifests/v1"), "/v2/a/manifests/" + digest,
                                 "/v2/a/blobs/" + api.registry.pushBlob("a", "bytes").text()}) {
    const auto hitsBefore = hits();
    const auto readsBefore = reads();
    const auto first = api.get(url);
    EXPECT_EQ(reads(), readsBefore + 1);
    const auto second = api.get(url);
    const auto head = api.head(url);
    EXPECT_EQ(hits(), hitsBefore + 2) << url;
    EXPECT_EQ(reads(), readsBefore + 1) << url;
    EXPECT_EQ(second.status, 200);
    EXPECT_EQ(second.body, first.body);
    EXPECT_EQ(second.headers.fields(), first.headers.fields());
    EXPECT_EQ(second.log, first.log);
    EXPECT_EQ(head.headers.fields(), first.headers.fields());
    EXPECT_EQ(head.contentLength, first.contentLength);
    const auto unchanged = api.get(url, {{"If-None-Match", first.header("ETag")}});
    EXPECT_EQ(unchanged.status, 304);
    EXPECT_EQ(unchanged.body, "");
    EXPECT_EQ(unchanged.header("Content-Type"), "");
    EXPECT_EQ(unchanged.header("Docker-Content-Digest"), first.header("Docker-Content-Digest"));
  }
}

TEST_F(AnswersFromMemory, HeadOfABlobDoesNotReadIt) {
  const auto url = "/v2/a/blobs/" + api.registry.pushBlob("a", "bytes").text();
  EXPECT_EQ(api.head(url).contentLength, 5U);
  EXPECT_EQ(api.head(url).contentLength, 5U);
  EXPECT_EQ(hits(), 1U);
  EXPECT_EQ(api.get(url).body, "bytes") << "what HEAD left behind has no body";
  EXPECT_EQ(api.get(url, {{"Range", "bytes=1-2"}}).body, "yt");
}

TEST_F(AnswersFromMemory, ARetagIsSeenAtOnce) {
  const auto first = api.registry.pushImage("a", "v1").text();
  EXPECT_EQ(api.get("/v2/a/manifests/v1").header("Docker-Content-Digest"), first);
  const auto second = api.registry.pushImage("a", "v1", {}, R"(,"annotations":{"n":"2"})").text();
  EXPECT_EQ(api.get("/v2/a/manifests/v1").header("Docker-Content-Digest"), second);
  EXPECT_EQ(api.get("/v2/a/manifests/" + first).status, 200);
}

TEST_F(AnswersFromMemory, ADeletedManifestIsGoneWithItsTags) {
  const auto digest = api.registry.pushImage("a", "v1").text();
  api.get("/v2/a/manifests/v1");
  api.get("/v2/a/manifests/" + digest);
  EXPECT_EQ(api.del("/v2/a/manifests/" + digest).status, 202);
  EXPECT_EQ(api.get("/v2/a/manifests/v1").status, 404);
  EXPECT_EQ(api.get("/v2/a/manifests/" + digest).status, 404);
}

TEST_F(AnswersFromMemory, ADeletedTagIsGoneAndItsManifestStays) {
  const auto digest = api.registry.pushImage("a", "v1").text();
  api.get("/v2/a/manifests/v1");
  EXPECT_EQ(api.del("/v2/a/manifests/v1").status, 202);
  EXPECT_EQ(api.get("/v2/a/manifests/v1").status, 404);
  EXPECT_EQ(api.get("/v2/a/manifests/" + digest).status, 200);
}

TEST_F(AnswersFromMemory, ADeletedBlobIsGoneFromItsRepositoryOnly) {
  const auto digest = api.registry.pushBlob("a", "bytes").text();
  api.registry.pushBlob("b", "bytes");
  api.get("/v2/a/blobs/" + digest);
  api.get("/v2/b/blobs/" + digest);
  EXPECT_EQ(api.del("/v2/a/blobs/" + digest).status, 202);
  EXPECT_EQ(api.get("/v2/a/blobs/" + digest).status, 404);
  EXPECT_EQ(api.get("/v2/b/blobs/" + digest).status, 200);
}

TEST_F(AnswersFromMemory, ANewTypeOfTheSameBytesIsServed) {
  const std::string bytes = R"({"anything":1})";
  const auto url = "/v2/a/manifests/" + rha::oci::Digest::of(bytes).text();
  api.send("PUT", url, bytes, {{"Content-Type", "application/vnd.example.one+json"}});
  EXPECT_EQ(api.get(url).header("Content-Type"), "application/vnd.example.one+json");
  api.send("PUT", url, bytes, {{"Content-Type", "application/vnd.example.two+json"}});
  EXPECT_EQ(api.get(url).header("Content-Type"), "application/vnd.example.two+json");
}

// Pull from everywhere but one repository.
class AllBut final : public rha::access::Policy {
 public:
  [[nodiscard]] rha::access::Decision decide(const rha::access::Question& question) const override {
    const bool denied = closed && question.repository != nullptr && question.repository->text() == "a";
    return {
        denied ? rha::access::Decision::Verdict::Deny : rha::access::Decision::Verdict::Allow, "closed", "", "", {}};
  }
  bool closed = false;
};

TEST(AnswersFromMemoryAndAccess, IsDecidedAboutEachTime) {
  AllBut policy;
  rha::test::ApiUnderTest api(policy);
  api.registry.pushImage("a", "v1");
  EXPECT_EQ(api.get("/v2/a/manifests/v1").status, 200);
  EXPECT_EQ(api.get("/v2/a/manifests/v1").status, 200);
  policy.closed = true;
  EXPECT_EQ(api.get("/v2/a/manifests/v1").status, 403);
}

}  // namespace
