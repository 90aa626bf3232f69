#include "api_fixture.h"

namespace {

using rha::test::Answer;
using rha::test::Api;
using rha::test::ApiUnderTest;

class ApiUploads : public Api {
 protected:
  std::string begin() { return api.post("/v2/a/blobs/uploads/").header("Location"); }
  Answer finish(const std::string& location, const std::string& digest, const std::string& body = "") {
    return api.send("PUT", location + "&digest=" + digest, body);
  }
  static rha::test::Fields range(const std::string& text) { return {{"Content-Range", text}}; }

  std::string bytes = std::string(3000, 'x') + "end";
};

TEST_F(ApiUploads, postAndOnePut) {
  const auto begun = api.post("/v2/a/blobs/uploads/");
  EXPECT_EQ(begun.status, 202);
  EXPECT_EQ(begun.header("Range"), "0-0");
  EXPECT_EQ(begun.contentLength, 0U);
  const auto id = begun.header("Docker-Upload-UUID");
  EXPECT_TRUE(begun.header("Location").starts_with("/v2/a/blobs/uploads/" + id + "?_state="));

  const auto done = finish(begun.header("Location"), digestOf(bytes), bytes);
  EXPECT_EQ(done.status, 201);
  EXPECT_EQ(done.header("Location"), "/v2/a/blobs/" + digestOf(bytes));
  EXPECT_EQ(done.header("Docker-Content-Digest"), digestOf(bytes));
  EXPECT_EQ(done.header("Docker-Upload-UUID"), id);
  EXPECT_EQ(api.get(done.header("Location")).body, bytes);
}

TEST_F(ApiUploads, everythingInOnePost) {
  const auto done = api.send("POST", "/v2/a/blobs/uploads/?digest=" + digestOf(bytes), bytes);
  EXPECT_EQ(done.status, 201);
  EXPECT_EQ(api.get("/v2/a/blobs/" + digestOf(bytes)).body, bytes);
  EXPECT_EQ(api.send("POST", "/v2/a/blobs/uploads?digest=" + digestOf(""), "").status, 201);
}

TEST_F(ApiUploads, aPostWithAnotherDigestLeavesNothing) {
  const auto refused = api.send("POST", "/v2/a/blobs/uploads/?digest=" + digestOf("other"), bytes);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(codeOf(refused), "DIGEST_INVALID");
  EXPECT_EQ(api.get("/v2/a/blobs/" + digestOf("other")).status, 404);
  EXPECT_EQ(codeOf(api.send("POST", "/v2/a/blobs/uploads/?digest=sha256:xyz", bytes)), "DIGEST_INVALID");
}

TEST_F(ApiUploads, chunksInOrder) {
  auto answer = api.send("PATCH", begin(), bytes.substr(0, 1000), range("0-999"));
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.header("Range"), "0-999");
  answer = api.send("PATCH", answer.header("Location"), bytes.substr(1000, 2000), range("bytes 1000-2999/*"));
  EXPECT_EQ(answer.header("Range"), "0-2999");
  const auto done =
      api.send("PUT", answer.header("Location") + "&digest=" + digestOf(bytes), bytes.substr(3000), range("3000-3002"));
  EXPECT_EQ(done.status, 201);
  EXPECT_EQ(api.get("/v2/a/blobs/" + digestOf(bytes)).body, bytes);
}

TEST_F(ApiUploads, streamsWithoutContentRangeAreAppended) {
  auto location = begin();
  location = api.sendChunked("PATCH", location, bytes.substr(0, 1500)).header("Location");
  const auto answer = api.sendChunked("PATCH", location, bytes.substr(1500));
  EXPECT_EQ(answer.header("Range"), "0-3002");
  EXPECT_EQ(finish(answer.header("Location"), digestOf(bytes)).status, 201);
}

TEST_F(ApiUploads, aChunkOutOfOrderIs416AndToldWhereTheUploadStands) {
  auto answer = api.send("PATCH", begin(), bytes.substr(0, 1000), range("0-999"));
  const auto refused = api.send("PATCH", answer.header("Location"), bytes.substr(2000, 100), range("2000-2099"));
  EXPECT_EQ(refused.status, 416);
  EXPECT_EQ(codeOf(refused), "RANGE_INVALID");
  EXPECT_EQ(refused.header("Range"), "0-999");
  answer = api.send("PATCH", refused.header("Location"), bytes.substr(1000), range("1000-3002"));
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(finish(answer.header("Location"), digestOf(bytes)).status, 201);
}

TEST_F(ApiUploads, theFirstChunkBeginsAtZero) { EXPECT_EQ(api.send("PATCH", begin(), "x", range("1-1")).status, 416); }

TEST_F(ApiUploads, aContentRangeMustFitTheBody) {
  const auto location = begin();
  EXPECT_EQ(codeOf(api.send("PATCH", location, bytes, range("0-99"))), "SIZE_INVALID");
  EXPECT_EQ(codeOf(api.send("PATCH", location, bytes, range("0-9999"))), "SIZE_INVALID");
  EXPECT_EQ(api.send("PATCH", location, bytes, range("abc")).status, 400);
  EXPECT_EQ(api.send("PATCH", location, bytes, range("9-2")).status, 416);
  EXPECT_EQ(api.get(location).header("Range"), "0-0");
}

TEST_F(ApiUploads, aStreamOfAnotherLengthThanItsContentRangeIsNotAcknowledged) {
  const auto location = begin();
  EXPECT_EQ(codeOf(api.sendChunked("PATCH", location, bytes, range("0-99"))), "SIZE_INVALID");
  const auto stands = api.get(location);
  EXPECT_EQ(stands.status, 204);
  const auto other = begin();
  EXPECT_EQ(codeOf(api.sendChunked("PATCH", other, "short", range("0-99"))), "SIZE_INVALID");
}

TEST_F(ApiUploads, theStatusTellsWhatHasArrived) {
  const auto location = begin();
  EXPECT_EQ(api.get(location).status, 204);
  EXPECT_EQ(api.get(location).header("Range"), "0-0");
  api.send("PATCH", location, bytes);
  const auto answer = api.get(location);
  EXPECT_EQ(answer.header("Range"), "0-3002");
  EXPECT_NE(answer.header("Docker-Upload-UUID"), "");
  EXPECT_EQ(finish(answer.header("Location"), digestOf(bytes)).status, 201);
}

TEST_F(ApiUploads, anUploadGoesOnAfterALostConnection) {
  const auto location = begin();
  api.sendAndHangUp("PATCH", location, bytes.substr(0, 700));
  const auto stands = api.get(location);
  EXPECT_EQ(stands.header("Range"), "0-699");
  EXPECT_EQ(
      api.send("PUT", stands.header("Location") + "&digest=" + digestOf(bytes), bytes.substr(700), range("700-3002"))
          .status,
      201);
}

TEST_F(ApiUploads, aPostWhoseClientHungUpLeavesNothing) {
  api.sendAndHangUp("POST", "/v2/a/blobs/uploads/?digest=" + digestOf(bytes), bytes);
  int folders = 0;
  api.registry.driver().list("docker/registry/v2/repositories/a/_uploads", [&folders](const auto&) {
    ++folders;
    return true;
  });
  EXPECT_EQ(folders, 0);
}

TEST_F(ApiUploads, aCancelledUploadIsGone) {
  const auto location = begin();
  EXPECT_EQ(api.del(location).status, 204);
  EXPECT_EQ(codeOf(api.get(location)), "BLOB_UPLOAD_UNKNOWN");
  EXPECT_EQ(codeOf(api.send("PATCH", location, "x")), "BLOB_UPLOAD_UNKNOWN");
  EXPECT_EQ(api.del(location).status, 404);
}

TEST_F(ApiUploads, anUploadNobodyStartedIs404) {
  EXPECT_EQ(api.get("/v2/a/blobs/uploads/00000000-0000-0000-0000-000000000000").status, 404);
  EXPECT_EQ(api.send("PATCH", "/v2/a/blobs/uploads/nonsense", "x").status, 404);
}

TEST_F(ApiUploads, theDigestAtTheEndIsNeededAndChecked) {
  auto location = begin();
  api.send("PATCH", location, bytes);
  EXPECT_EQ(codeOf(api.send("PUT", location, "")), "DIGEST_INVALID");
  EXPECT_EQ(codeOf(finish(location, "md5:d41d8cd98f00b204e9800998ecf8427e")), "DIGEST_INVALID");
  EXPECT_EQ(finish(location, digestOf(bytes)).status, 201);
  location = begin();
  EXPECT_EQ(codeOf(finish(location, digestOf("other"), bytes)), "DIGEST_INVALID");
  EXPECT_EQ(api.get("/v2/a/blobs/" + digestOf("other")).status, 404);
}

TEST_F(ApiUploads, sha512AnnouncedOrNot) {
  const auto digest = rha::oci::Digest::of(bytes, rha::base::HashAlgorithm::Sha512).text();
  auto begun = api.post("/v2/a/blobs/uploads/?digest-algorithm=sha512");
  EXPECT_EQ(finish(begun.header("Location"), digest, bytes).status, 201);
  EXPECT_EQ(finish(begin(), digest, bytes).status, 201);
  EXPECT_EQ(api.post("/v2/a/blobs/uploads/?digest-algorithm=md5").status, 400);
}

TEST_F(ApiUploads, aBlobBeyondTheLimitIs413AndItsSpaceGivenBack) {
  rha::test::ApiUnderTest limited(policy, {}, {.maxBlobBytes = 2000});
  const auto location = limited.post("/v2/a/blobs/uploads/").header("Location");
  const auto refused = limited.send("PATCH", location, bytes);
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(codeOf(refused), "SIZE_INVALID");
  EXPECT_EQ(limited.get(location).status, 404);
}

TEST_F(ApiUploads, aBlobIsMounted) {
  const auto digest = api.registry.pushBlob("source", bytes).text();
  const auto mounted = api.post("/v2/a/blobs/uploads/?mount=" + digest + "&from=source");
  EXPECT_EQ(mounted.status, 201);
  EXPECT_EQ(mounted.header("Location"), "/v2/a/blobs/" + digest);
  EXPECT_EQ(mounted.header("Docker-Content-Digest"), digest);
  EXPECT_EQ(api.get("/v2/a/blobs/" + digest).body, bytes);
}

TEST_F(ApiUploads, aMountThatCannotBeDoneStartsAnUpload) {
  const auto answer = api.post("/v2/a/blobs/uploads/?mount=" + digestOf("x") + "&from=source");
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(finish(answer.header("Location"), digestOf("x"), "x").status, 201);
  EXPECT_EQ(api.post("/v2/a/blobs/uploads/?mount=sha256:bad&from=source").status, 400);
  EXPECT_EQ(api.post("/v2/a/blobs/uploads/?mount=" + digestOf("x") + "&from=../X").status, 400);
}

TEST_F(ApiUploads, aMountWithoutSourceFindsTheBlobSomewhere) {
  const auto layer = api.registry.pushBlob("source", bytes);
  EXPECT_EQ(api.post("/v2/a/blobs/uploads/?mount=" + layer.text()).status, 201);
  EXPECT_EQ(api.get("/v2/a/blobs/" + layer.text()).status, 200);
  EXPECT_EQ(api.post("/v2/a/blobs/uploads/?mount=" + digestOf("nowhere")).status, 202);
}

// Lets nobody use the blobs of "restricted".
class NoMountFromRestricted final : public rha::access::Policy {
 public:
  [[nodiscard]] rha::access::Decision decide(const rha::access::Question& question) const override {
    rha::access::Decision decision;
    if (question.mountFrom != nullptr && question.mountFrom->text() == "restricted") {
      decision.verdict = rha::access::Decision::Verdict::Challenge;
    }
    return decision;
  }
};

TEST_F(ApiUploads, aBlobThatMayNotBePulledIsNotMounted) {
  const NoMountFromRestricted guarded;
  ApiUnderTest other(guarded);
  const auto layer = other.registry.pushBlob("restricted", bytes);
  other.registry.pushImage("restricted", "v1", {layer});
  const auto named = other.post("/v2/a/blobs/uploads/?mount=" + layer.text() + "&from=restricted");
  const auto unknown = other.post("/v2/a/blobs/uploads/?mount=" + digestOf("no") + "&from=restricted");
  const auto anywhere = other.post("/v2/a/blobs/uploads/?mount=" + layer.text());
  EXPECT_EQ(named.status, 202);
  EXPECT_EQ(unknown.status, 202);
  EXPECT_EQ(anywhere.status, 202);
  EXPECT_EQ(other.get("/v2/a/blobs/" + layer.text()).status, 404);
}

}  // namespace
