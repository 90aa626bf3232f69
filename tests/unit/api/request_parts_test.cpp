// Query, Accept, conditional requests, page parameters and locations: what is read out of a request's head.
#include <gtest/gtest.h>

#include "api/accept.h"
#include "api/conditional.h"
#include "api/locations.h"
#include "api/page_request.h"
#include "api/query.h"

namespace {

using rha::api::Query;

TEST(Query, parametersAreDecodedAndFoundByName) {
  const auto query = Query::parse("a=1&b=x%2Fy&a=2&flag&=empty&&t=v1+json");
  EXPECT_EQ(query.get("a"), "1");
  EXPECT_EQ(query.get("b"), "x/y");
  EXPECT_EQ(query.all("a"), (std::vector<std::string_view>{"1", "2"}));
  EXPECT_EQ(query.find("flag"), std::string_view());
  EXPECT_EQ(query.get("t"), "v1+json");
  EXPECT_FALSE(query.find("c"));
}

TEST(Query, whatCannotBeDecodedStaysAsItIs) { EXPECT_EQ(Query::parse("a=%zz").get("a"), "%zz"); }

rha::net::Headers with(const std::string& name, const std::vector<std::string>& values) {
  rha::net::Headers headers;
  for (const auto& value : values) {
    headers.add(name, value);
  }
  return headers;
}

bool schema1(const std::vector<std::string>& accept) { return rha::api::wantsSchema1(with("Accept", accept)); }

TEST(Accept, schema1IsForThoseWhoNameItAndNothingNewer) {
  const std::string signedType = "application/vnd.docker.distribution.manifest.v1+prettyjws";
  EXPECT_TRUE(schema1({signedType}));
  EXPECT_TRUE(schema1({"application/vnd.docker.distribution.manifest.v1+json"}));
  EXPECT_TRUE(schema1({"text/html, " + signedType + ";q=0.5"}));
  EXPECT_TRUE(schema1({signedType + ", */*"}));
  EXPECT_FALSE(schema1({signedType, "application/vnd.oci.image.index.v1+json"}));
  EXPECT_FALSE(schema1({signedType + ",application/vnd.docker.distribution.manifest.v2+json"}));
  EXPECT_FALSE(schema1({}));
  EXPECT_FALSE(schema1({""}));
  EXPECT_FALSE(schema1({"*/*"}));
  EXPECT_FALSE(schema1({"application/json"}));
}

TEST(Accept, whatHasTheWeightZeroIsNotNamed) {
  const std::string signedType = "application/vnd.docker.distribution.manifest.v1+prettyjws";
  const std::string newer = "application/vnd.oci.image.manifest.v1+json";
  for (const char* zero : {";q=0", "; q=0", ";Q=0.000", ";a=b;q=0."}) {
    EXPECT_FALSE(schema1({signedType + zero})) << zero;
    EXPECT_TRUE(schema1({signedType, newer + zero})) << zero;
  }
  for (const char* some : {";q=0.001", ";q=1", ";q=", ";q", ";qq=0", ";q=x"}) {
    EXPECT_TRUE(schema1({signedType + some})) << some;
  }
}

const rha::oci::Digest kDigest = rha::oci::Digest::of("x");

TEST(Conditional, anEntityTagIsFoundInLists) {
  const auto etag = rha::api::entityTag(kDigest);
  EXPECT_EQ(etag, "\"" + kDigest.text() + "\"");
  for (const auto& value : {etag, "W/" + etag, "\"a\", " + etag, std::string("*"), kDigest.text()}) {
    EXPECT_TRUE(rha::api::noneMatchFails(with("If-None-Match", {value}), kDigest)) << value;
  }
  EXPECT_TRUE(rha::api::noneMatchFails(with("If-None-Match", {"\"a\"", etag}), kDigest));
  EXPECT_FALSE(rha::api::noneMatchFails(with("If-None-Match", {"\"other\""}), kDigest));
  EXPECT_FALSE(rha::api::noneMatchFails({}, kDigest));
}

TEST(Conditional, ifMatchComparesStrongly) {
  const auto etag = rha::api::entityTag(kDigest);
  EXPECT_TRUE(rha::api::matchHolds({}, kDigest));
  for (const auto& value : {etag, "\"a\", " + etag, std::string("*"), kDigest.text()}) {
    EXPECT_TRUE(rha::api::matchHolds(with("If-Match", {value}), kDigest)) << value;
  }
  for (const auto& value : {"W/" + etag, std::string("\"a\""), std::string()}) {
    EXPECT_FALSE(rha::api::matchHolds(with("If-Match", {value}), kDigest)) << value;
  }
}

TEST(Conditional, aWriteMayAskForWhatIsThereOrForNothing) {
  EXPECT_FALSE(rha::api::writeCondition({}));
  const auto other = rha::oci::Digest::of("y");
  const auto match = with("If-Match", {rha::api::entityTag(kDigest)});
  EXPECT_TRUE(rha::api::writeCondition(match)(kDigest));
  EXPECT_FALSE(rha::api::writeCondition(match)(other));
  EXPECT_FALSE(rha::api::writeCondition(match)(std::nullopt));
  const auto none = with("If-None-Match", {"*"});
  EXPECT_FALSE(rha::api::writeCondition(none)(kDigest));
  EXPECT_TRUE(rha::api::writeCondition(none)(std::nullopt));
}

TEST(Conditional, ifRangeMustBeTheStrongEntityTag) {
  const auto etag = rha::api::entityTag(kDigest);
  EXPECT_TRUE(rha::api::ifRangeHolds({}, kDigest));
  EXPECT_TRUE(rha::api::ifRangeHolds(with("If-Range", {etag}), kDigest));
  EXPECT_FALSE(rha::api::ifRangeHolds(with("If-Range", {"W/" + etag}), kDigest));
  EXPECT_FALSE(rha::api::ifRangeHolds(with("If-Range", {"Tue, 24 Nov 2026 00:00:00 GMT"}), kDigest));
}

TEST(Conditional, onlyAnonymousCataloguesArePublic) {
  EXPECT_EQ(rha::api::catalogCacheControl({}), "public,s-maxage=600,max-age=600");
  EXPECT_EQ(rha::api::catalogCacheControl({"ci-build"}), "private, no-store");
}

TEST(PageRequest, nIsANumberUpToTheMaximum) {
  EXPECT_FALSE(rha::api::pageRequest(Query::parse("")).value().n);
  EXPECT_FALSE(rha::api::pageRequest(Query::parse("n=")).value().n);
  EXPECT_EQ(rha::api::pageRequest(Query::parse("n=0")).value().n, 0U);
  EXPECT_EQ(rha::api::pageRequest(Query::parse("n=10&last=x"), 10).value().last, "x");
  for (const char* text : {"n=11", "n=-1", "n=x", "n=1.5", "n=99999999999999999999999"}) {
    const auto page = rha::api::pageRequest(Query::parse(text), 10);
    ASSERT_FALSE(page) << text;
    EXPECT_EQ(page.error().code, rha::oci::ErrorCode::PaginationNumberInvalid) << text;
  }
  EXPECT_EQ(rha::api::pageRequest(Query::parse("n=99999999999999999999999")).value().n, 18446744073709551615U);
}

const auto kRepository = rha::oci::RepositoryName::parse("a/b").value();

TEST(Locations, areRelativeUnlessToldOtherwise) {
  rha::net::Request request;
  request.headers.add("Host", "registry.example:5000");
  rha::api::ApiSettings settings;
  EXPECT_EQ(rha::api::blobLocation(request, settings, kRepository, kDigest), "/v2/a/b/blobs/" + kDigest.text());
  EXPECT_EQ(rha::api::uploadLocation(request, settings, kRepository, {"id", 0, "x.y-z"}),
            "/v2/a/b/blobs/uploads/id?_state=x.y-z");
  settings.relativeLocations = false;
  EXPECT_EQ(rha::api::manifestLocation(request, settings, kRepository, kDigest),
            "http://registry.example:5000/v2/a/b/manifests/" + kDigest.text());
}

TEST(Locations, anAbsoluteOneNamesWhatTheProxyWasAskedFor) {
  rha::net::Request request;
  request.headers.add("Host", "127.0.0.1:5000");
  request.headers.add("X-Forwarded-Host", "docker.example.org");
  request.headers.add("X-Forwarded-Proto", "https");
  rha::api::ApiSettings settings;
  settings.relativeLocations = false;
  EXPECT_TRUE(
      rha::api::blobLocation(request, settings, kRepository, kDigest).starts_with("https://docker.example.org/v2/"));
  request.headers.set("X-Forwarded-Host", "evil.example/x?");
  EXPECT_TRUE(rha::api::blobLocation(request, settings, kRepository, kDigest).starts_with("/v2/"));
}

TEST(Locations, linksAreEncoded) {
  EXPECT_EQ(rha::api::nextLink("/v2/_catalog", {{"last", "a/b"}, {"n", "5"}}),
            R"(</v2/_catalog?last=a%2Fb&n=5>; rel="next")");
}

}  // namespace
