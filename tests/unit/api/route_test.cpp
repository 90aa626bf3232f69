#include "api/route.h"

#include <gtest/gtest.h>

namespace {

using rha::api::parseRoute;
using rha::api::Route;
using rha::api::RouteName;
using rha::oci::ErrorCode;

const std::string kDigest = "sha256:" + std::string(64, 'a');

// "manifest a/b sha256:…": the route in one line; a flaw as its code.
std::string describe(const std::string& path) {
  const Route route = parseRoute(path);
  std::string text(toString(route.name));
  if (route.flaw) {
    return text + " !" + std::string(rha::oci::info(route.flaw->code).name);
  }
  if (route.repository) {
    text += " " + route.repository->text();
  }
  if (route.reference) {
    text += " " + route.reference->text();
  }
  if (route.digest) {
    text += " " + route.digest->text();
  }
  if (route.tag) {
    text += " " + route.tag->text();
  }
  return route.uploadId.empty() ? text : text + " #" + route.uploadId;
}

TEST(Route, fixedPathsAreFound) {
  EXPECT_EQ(describe("/v2/"), "ping");
  EXPECT_EQ(describe("/v2"), "base");
  EXPECT_EQ(describe("/v2/_catalog"), "catalog");
  EXPECT_EQ(describe("/v2/_oci/ext/discover"), "extensions");
  EXPECT_EQ(describe("/healthz"), "health");
}

TEST(Route, resourcesOfARepositoryAreFound) {
  EXPECT_EQ(describe("/v2/a/tags/list"), "tags a");
  EXPECT_EQ(describe("/v2/a/b/manifests/v1"), "manifest a/b v1");
  EXPECT_EQ(describe("/v2/a/manifests/" + kDigest), "manifest a " + kDigest);
  EXPECT_EQ(describe("/v2/a/blobs/" + kDigest), "blob a " + kDigest);
  EXPECT_EQ(describe("/v2/a/blobs/uploads/"), "uploads a");
  EXPECT_EQ(describe("/v2/a/blobs/uploads"), "uploads a");
  EXPECT_EQ(describe("/v2/a/blobs/uploads/0-1"), "upload a #0-1");
  EXPECT_EQ(describe("/v2/a/referrers/" + kDigest), "referrers a " + kDigest);
  EXPECT_EQ(describe("/v2/a/_oci/ext/discover"), "repository-extensions a");
  EXPECT_EQ(describe("/v2/a/_oci/tag-history/v1"), "tag-history a v1");
}

TEST(Route, repositoriesMayBeCalledLikePartsOfAPath) {
  EXPECT_EQ(describe("/v2/command/blobs/manifests/v1"), "manifest command/blobs v1");
  EXPECT_EQ(describe("/v2/command/blobs/blobs/" + kDigest), "blob command/blobs " + kDigest);
  EXPECT_EQ(describe("/v2/command/blobs/blobs/uploads/"), "uploads command/blobs");
  EXPECT_EQ(describe("/v2/manifests/manifests/manifests"), "manifest manifests manifests");
  EXPECT_EQ(describe("/v2/tags/list/x/tags/list"), "tags tags/list/x");
  EXPECT_EQ(describe("/v2/tags/list/tags/list"), "tags tags/list");
  EXPECT_EQ(describe("/v2/a/blobs/uploads/manifests/v1"), "manifest a/blobs/uploads v1");
  EXPECT_EQ(describe("/v2/a/blobs/uploads/blobs/uploads/x"), "upload a/blobs/uploads #x");
  EXPECT_EQ(describe("/v2/a/blobs/uploads/tags/list"), "tags a/blobs/uploads");
  EXPECT_EQ(describe("/v2/a/manifests/tags/list"), "tags a/manifests");
}

TEST(Route, thePathIsDecodedOnce) {
  EXPECT_EQ(describe("/v2/%72estricted/manifests/v1"), "manifest restricted v1");
  EXPECT_EQ(describe("/v2/a%2Fb/manifests/v1"), "manifest a/b v1");
  EXPECT_EQ(describe("/v2/a/blobs/sha256%3A" + std::string(64, 'a')), "blob a " + kDigest);
  EXPECT_EQ(describe("/v2/%2572estricted/manifests/v1"), "manifest !NAME_INVALID");
  EXPECT_EQ(describe("/v2/a%zz/manifests/v1"), "unknown !NAME_INVALID");
}

TEST(Route, noOtherSpellingReachesARepository) {
  for (const char* path : {"/v2//a/tags/list", "/v2/a//tags/list", "/v2/./a/tags/list", "/v2/x/../a/tags/list",
                           "/v2/%2e%2e/a/tags/list", "/v2/a%2f/tags/list", "/v2/%2fa/tags/list", "/v2/a%00/tags/list",
                           "/v2/A/tags/list", "/v2/a /tags/list", "/v2/a%5cb/tags/list"}) {
    EXPECT_EQ(describe(path), "tags !NAME_INVALID") << path;
  }
  for (const char* path : {"//v2/a/tags/list", "/v2/../v2/a/tags/list/x", "/V2/a/tags/list", "/v2/a/tags/list/",
                           "/v2/a/manifests/../v1", "/v2/a/manifests/..%2fv1"}) {
    EXPECT_EQ(parseRoute(path).name, RouteName::Unknown) << path;
  }
}

TEST(Route, unknownPathsAre404) {
  for (const char* path : {"/", "/v1/_ping", "/v2/x", "/v2/x/y/z", "/v2/_nothing", "/v2//", "/v2/tags/list",
                           "/v2/manifests/v1", "/v2/blobs/uploads/", "/v2/_catalog/", "/metrics"}) {
    const Route route = parseRoute(path);
    EXPECT_EQ(route.name, RouteName::Unknown) << path;
    ASSERT_TRUE(route.flaw) << path;
    EXPECT_EQ(route.flaw->httpStatus, 404) << path;
  }
}

TEST(Route, badReferencesKeepTheRepositoryForTheDecision) {
  const Route tag = parseRoute("/v2/a/manifests/.bad");
  EXPECT_EQ(tag.flaw->code, ErrorCode::TagInvalid);
  EXPECT_EQ(tag.repository->text(), "a");
  EXPECT_EQ(parseRoute("/v2/a/manifests/sha256:abc").flaw->code, ErrorCode::DigestInvalid);
  EXPECT_EQ(parseRoute("/v2/a/blobs/upload").flaw->code, ErrorCode::DigestInvalid);
  EXPECT_EQ(parseRoute("/v2/a/referrers/v1").flaw->code, ErrorCode::DigestInvalid);
  EXPECT_EQ(parseRoute("/v2/a/_oci/tag-history/-").flaw->code, ErrorCode::TagInvalid);
}

TEST(Route, theFirstFlawFromTheLeftIsReported) {
  const Route route = parseRoute("/v2/UPPER/manifests/.bad");
  EXPECT_EQ(route.flaw->code, ErrorCode::NameInvalid);
  EXPECT_FALSE(route.repository);
}

}  // namespace
