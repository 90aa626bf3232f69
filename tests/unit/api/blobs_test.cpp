#include "api_fixture.h"

namespace {

using rha::test::Api;

class ApiBlobs : public Api {
 protected:
  std::string bytes = std::string(500, 'a') + std::string(500, 'b');
  std::string digest = api.registry.pushBlob("a", bytes).text();
  std::string url = "/v2/a/blobs/" + digest;
};

TEST_F(ApiBlobs, aBlobIsServedWithAllItsHeaders) {
  for (const auto& answer : {api.get(url), api.head(url)}) {
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.contentLength, 1000U);
    EXPECT_EQ(answer.header("Docker-Content-Digest"), digest);
    EXPECT_EQ(answer.header("ETag"), '"' + digest + '"');
    EXPECT_EQ(answer.header("Accept-Ranges"), "bytes");
    EXPECT_EQ(answer.header("Cache-Control"), "max-age=31536000");
    EXPECT_EQ(answer.header("Content-Type"), "application/octet-stream");
  }
  EXPECT_EQ(api.get(url).body, bytes);
}

TEST_F(ApiBlobs, anUnknownBlobIs404) {
  EXPECT_EQ(codeOf(api.get("/v2/a/blobs/" + digestOf("other"))), "BLOB_UNKNOWN");
  EXPECT_EQ(api.get("/v2/b/blobs/" + digest).status, 404);
  EXPECT_EQ(codeOf(api.get("/v2/a/blobs/sha256:abc")), "DIGEST_INVALID");
}

TEST_F(ApiBlobs, aRangeIsExact) {
  const auto part = api.get(url, {{"Range", "bytes=498-501"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "aabb");
  EXPECT_EQ(part.contentLength, 4U);
  EXPECT_EQ(part.header("Content-Range"), "bytes 498-501/1000");
  EXPECT_EQ(part.header("Docker-Content-Digest"), digest);
  EXPECT_EQ(part.header("Content-Type"), "application/octet-stream");
}

TEST_F(ApiBlobs, aRangeBeyondTheEndIs416WithAnEmptyBody) {
  const auto answer = api.get(url, {{"Range", "bytes=1000-"}});
  EXPECT_EQ(answer.status, 416);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.contentLength, 0U);
  EXPECT_EQ(answer.header("Content-Range"), "bytes */1000");
  EXPECT_EQ(answer.header("Content-Type"), "");
}

TEST_F(ApiBlobs, severalRangesAndForeignConditionsGiveTheWhole) {
  EXPECT_EQ(api.get(url, {{"Range", "bytes=0-1,5-6"}}).body, bytes);
  EXPECT_EQ(api.get(url, {{"Range", "bytes=0-1"}, {"Range", "bytes=5-6"}}).body, bytes);
  EXPECT_EQ(api.get(url, {{"Range", "bytes=0-1"}, {"If-Range", "\"x\""}}).body, bytes);
  EXPECT_EQ(api.get(url, {{"Range", "bytes=0-1"}, {"If-Range", '"' + digest + '"'}}).status, 206);
  EXPECT_EQ(api.head(url, {{"Range", "bytes=0-1"}}).status, 200);
}

TEST_F(ApiBlobs, whoHasItGets304) {
  for (const auto& answer : {api.get(url, {{"If-None-Match", '"' + digest + '"'}, {"Range", "bytes=0-1"}}),
                             api.head(url, {{"If-None-Match", "*"}})}) {
    EXPECT_EQ(answer.status, 304);
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(answer.header("ETag"), '"' + digest + '"');
    EXPECT_EQ(answer.header("Docker-Content-Digest"), digest);
    EXPECT_EQ(answer.header("Cache-Control"), "max-age=31536000");
  }
}

TEST_F(ApiBlobs, theEmptyBlobHasNoRange) {
  const auto empty = "/v2/a/blobs/" + api.registry.pushBlob("a", "").text();
  EXPECT_EQ(api.get(empty).status, 200);
  const auto answer = api.get(empty, {{"Range", "bytes=0-0"}});
  EXPECT_EQ(answer.status, 416);
  EXPECT_EQ(answer.header("Content-Range"), "bytes */0");
}

TEST_F(ApiBlobs, aDeletedBlobIsGoneFromItsRepositoryOnly) {
  api.registry.pushBlob("b", bytes);
  EXPECT_EQ(api.del(url).status, 202);
  EXPECT_EQ(api.get(url).status, 404);
  EXPECT_EQ(codeOf(api.del(url)), "BLOB_UNKNOWN");
  EXPECT_EQ(api.get("/v2/b/blobs/" + digest).status, 200);
}

TEST_F(ApiBlobs, sha512IsServedToo) {
  const auto sha512 = api.registry.pushBlob("a", bytes, rha::base::HashAlgorithm::Sha512).text();
  const auto answer = api.get("/v2/a/blobs/" + sha512);
  EXPECT_EQ(answer.body, bytes);
  EXPECT_EQ(answer.header("Docker-Content-Digest"), sha512);
}

}  // namespace
