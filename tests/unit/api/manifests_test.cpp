#include "api_fixture.h"

namespace {

using rha::test::Api;
using rha::test::ApiUnderTest;
using rha::test::RegistryUnderTest;

constexpr const char* kType = "application/vnd.oci.image.manifest.v1+json";

class ApiManifests : public Api {
 protected:
  std::string image = RegistryUnderTest::imageJson(api.registry.pushBlob("a", "{}"), {});
  std::string digest = digestOf(image);
  rha::test::Answer put(const std::string& target) { return api.send("PUT", target, image, {{"Content-Type", kType}}); }
};

TEST_F(ApiManifests, aPushAnswersWhereAndWhat) {
  const auto answer = put("/v2/a/manifests/v1");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.header("Location"), "/v2/a/manifests/" + digest);
  EXPECT_EQ(answer.header("Docker-Content-Digest"), digest);
  EXPECT_EQ(answer.contentLength, 0U);
}

TEST_F(ApiManifests, areServedByteForByte) {
  put("/v2/a/manifests/v1");
  for (const auto* reference : {"v1", digest.c_str()}) {
    const auto url = "/v2/a/manifests/" + std::string(reference);
    const auto answer = api.get(url);
    EXPECT_EQ(answer.body, image);
    EXPECT_EQ(answer.header("Content-Type"), kType);
    EXPECT_EQ(answer.header("Docker-Content-Digest"), digest);
    EXPECT_EQ(answer.header("ETag"), '"' + digest + '"');
    EXPECT_EQ(api.head(url).contentLength, image.size());
    EXPECT_EQ(api.head(url).headers.fields(), answer.headers.fields());
  }
  EXPECT_EQ(api.get("/v2/a/manifests/v1").header("Vary"), "Accept");
}

TEST_F(ApiManifests, anyAcceptGivesTheStoredManifest) {
  put("/v2/a/manifests/v1");
  for (const char* accept : {"*/*", "", "application/json", "application/vnd.docker.distribution.manifest.v2+json",
                             "text/html;q=0.1, x/y"}) {
    EXPECT_EQ(api.get("/v2/a/manifests/v1", {{"Accept", accept}}).body, image) << accept;
  }
}

TEST_F(ApiManifests, whoHasItGets304) {
  put("/v2/a/manifests/v1");
  const auto answer = api.get("/v2/a/manifests/v1", {{"If-None-Match", '"' + digest + '"'}});
  EXPECT_EQ(answer.status, 304);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.header("ETag"), '"' + digest + '"');
  EXPECT_EQ(answer.header("Docker-Content-Digest"), digest);
  EXPECT_EQ(answer.header("Vary"), "Accept");
}

TEST_F(ApiManifests, unknownOnesAre404) {
  EXPECT_EQ(codeOf(api.get("/v2/a/manifests/v1")), "MANIFEST_UNKNOWN");
  EXPECT_EQ(codeOf(api.get("/v2/a/manifests/" + digest)), "MANIFEST_UNKNOWN");
}

TEST_F(ApiManifests, severalTagsInOnePush) {
  const auto answer = put("/v2/a/manifests/" + digest + "?tag=x&tag=y&ns=docker.io");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.headers.all("OCI-Tag"), (std::vector<std::string_view>{"x", "y"}));
  EXPECT_EQ(api.get("/v2/a/manifests/y").body, image);
}

TEST_F(ApiManifests, aBadTagOrTooManyRefuseThePush) {
  EXPECT_EQ(codeOf(put("/v2/a/manifests/" + digest + "?tag=good&tag=.bad")), "TAG_INVALID");
  EXPECT_EQ(api.get("/v2/a/manifests/good").status, 404);
  std::string target = "/v2/a/manifests/" + digest + "?";
  for (int i = 0; i <= 100; ++i) {
    target += "&tag=t" + std::to_string(i);
  }
  EXPECT_EQ(put(target).status, 414);
}

TEST_F(ApiManifests, aSubjectIsConfirmed) {
  const auto subject = rha::oci::Digest::of("subject");
  image = RegistryUnderTest::imageJson(api.registry.pushBlob("a", "{}"), {},
                                       ",\"subject\":" + RegistryUnderTest::descriptor(kType, subject));
  EXPECT_EQ(put("/v2/a/manifests/v1").header("OCI-Subject"), subject.text());
}

TEST_F(ApiManifests, badOnesAreRefused) {
  EXPECT_EQ(codeOf(api.send("PUT", "/v2/a/manifests/v1", "[]")), "MANIFEST_INVALID");
  EXPECT_EQ(codeOf(api.send("PUT", "/v2/a/manifests/v1", "")), "MANIFEST_INVALID");
  EXPECT_EQ(codeOf(put("/v2/b/manifests/v1")), "MANIFEST_BLOB_UNKNOWN");
  EXPECT_EQ(codeOf(put("/v2/a/manifests/" + digestOf("other"))), "DIGEST_INVALID");
}

TEST_F(ApiManifests, oneBeyondTheLimitIs413) {
  rha::api::ApiSettings settings;
  settings.manifestBytes = 100;
  ApiUnderTest limited(policy, settings);
  const std::string large(5000, ' ');
  for (const auto& answer :
       {limited.send("PUT", "/v2/a/manifests/v1", large), limited.sendChunked("PUT", "/v2/a/manifests/v1", large)}) {
    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(codeOf(answer), "SIZE_INVALID");
  }
}

TEST_F(ApiManifests, allBeingReceivedTogetherAreBounded) {
  rha::api::ApiSettings settings;
  settings.manifestBudgetBytes = 1000;
  ApiUnderTest limited(policy, settings);
  const std::string large(5000, ' ');
  EXPECT_EQ(limited.send("PUT", "/v2/a/manifests/v1", large).status, 503);
  // What the refused one held was given back.
  EXPECT_EQ(limited.send("PUT", "/v2/a/manifests/v1", "[]").status, 400);
}

TEST_F(ApiManifests, deletingATagLeavesTheManifest) {
  put("/v2/a/manifests/v1");
  EXPECT_EQ(api.del("/v2/a/manifests/v1").status, 202);
  EXPECT_EQ(api.get("/v2/a/manifests/v1").status, 404);
  EXPECT_EQ(api.get("/v2/a/manifests/" + digest).status, 200);
  EXPECT_EQ(codeOf(api.del("/v2/a/manifests/v1")), "MANIFEST_UNKNOWN");
}

TEST_F(ApiManifests, deletingADigestTakesItsTagsAlong) {
  put("/v2/a/manifests/v1");
  EXPECT_EQ(api.del("/v2/a/manifests/" + digest).status, 202);
  EXPECT_EQ(api.get("/v2/a/manifests/v1").status, 404);
  EXPECT_EQ(api.get("/v2/a/manifests/" + digest).status, 404);
}

}  // namespace
