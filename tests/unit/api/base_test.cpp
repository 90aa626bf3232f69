#include "api/debug_handler.h"
#include "api_fixture.h"

namespace {

using rha::test::Answer;
using rha::test::Api;

TEST_F(Api, thePingAnswersAnEmptyObject) {
  const auto answer = api.get("/v2/?ns=docker.io");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "{}");
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
}

TEST_F(Api, everyAnswerBearsTheVersionOnce) {
  const std::vector<std::string_view> once{"registry/2.0"};
  for (const char* path : {"/v2/", "/v2", "/nothing", "/v2/x/tags/list", "/v2/_catalog", "/healthz"}) {
    EXPECT_EQ(api.get(path).headers.all("Docker-Distribution-Api-Version"), once) << path;
  }
  const auto created = api.send("POST", "/v2/a/blobs/uploads/?digest=" + digestOf("x"), "x");
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(created.headers.all("Docker-Distribution-Api-Version"), once);
}

TEST_F(Api, theBaseWithoutSlashIsRedirected) {
  const auto answer = api.get("/v2");
  EXPECT_EQ(answer.status, 301);
  EXPECT_EQ(answer.header("Location"), "/v2/");
}

TEST_F(Api, unknownPathsAreJsonErrors) {
  const auto answer = api.get("/v2/x/y/z");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(codeOf(answer), "UNSUPPORTED");
  EXPECT_EQ(api.send("POST", "/v2/x/blobs/upload", "").status, 404);
}

TEST_F(Api, aMethodThatIsNotServedIs405WithAllow) {
  const auto answer = api.post("/v2/x/manifests/v1");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(codeOf(answer), "UNSUPPORTED");
  EXPECT_EQ(answer.header("Allow"), "GET, HEAD, PUT, DELETE");
  EXPECT_EQ(api.get("/v2/x/blobs/uploads/").header("Allow"), "POST");
  EXPECT_EQ(api.del("/v2/_catalog").status, 405);
  const auto options = api.send("OPTIONS", "/v2/", "");
  EXPECT_EQ(options.status, 200);
  EXPECT_EQ(options.header("Allow"), "GET, HEAD");
}

TEST_F(Api, badNamesAreRefusedWithAReason) {
  const auto answer = api.post("/v2/UPPER/blobs/uploads/");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(codeOf(answer), "NAME_INVALID");
}

TEST_F(Api, aTagThatCannotBeWrittenIsNotThereToBeRead) {
  EXPECT_EQ(api.get("/v2/a/manifests/.INVALID").status, 404);
  EXPECT_EQ(codeOf(api.get("/v2/a/manifests/.INVALID")), "MANIFEST_UNKNOWN");
  const auto put = api.send("PUT", "/v2/a/manifests/.INVALID", "{}");
  EXPECT_EQ(put.status, 400);
  EXPECT_EQ(codeOf(put), "TAG_INVALID");
}

TEST_F(Api, extensionsAreListed) {
  EXPECT_TRUE(api.get("/v2/_oci/ext/discover").has("\"name\":\"_oci\""));
  EXPECT_TRUE(api.get("/v2/a/_oci/ext/discover").has("_oci/tag-history"));
}

TEST_F(Api, healthTellsTheRole) { EXPECT_TRUE(api.get("/healthz").has("\"role\":\"active\"")); }

TEST_F(Api, thePingNeedsNoWorker) {
  rha::net::Request request;
  request.method = "GET";
  request.path = "/v2/";
  const auto response = api.handler.tryAnswer(request);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  request.path = "/v2/_catalog";
  EXPECT_FALSE(api.handler.tryAnswer(request));
}

TEST_F(Api, theLogLineNamesWhatWasAskedFor) {
  const auto answer = api.get("/v2/a/b/manifests/v1");
  using Pair = std::pair<std::string_view, std::string>;
  EXPECT_EQ(answer.log, (std::vector<Pair>{{"handler", "manifest"}, {"repository", "a/b"}, {"reference", "v1"}}));
}

Answer ask(rha::api::DebugHandler& handler, const std::string& method, const std::string& path) {
  rha::net::Request request;
  request.method = method;
  request.path = path;
  auto disposition = handler.handle(request);
  auto& response = std::get<rha::net::Response>(disposition);
  return {response.status, response.headers, std::get<std::string>(response.body), 0, {}};
}

TEST(DebugHandler, servesHealthAndMetrics) {
  rha::base::MetricsRegistry metrics;
  metrics.counter("things_total", "Things.").add(3);
  std::map<std::string, std::string> failures;
  rha::api::DebugHandler handler(metrics, [&failures] { return failures; });
  EXPECT_EQ(ask(handler, "GET", "/debug/health").body, "{}");
  EXPECT_TRUE(ask(handler, "GET", "/metrics").has("things_total 3"));
  EXPECT_EQ(ask(handler, "GET", "/v2/").status, 404);
  EXPECT_EQ(ask(handler, "POST", "/metrics").status, 405);
  failures["storage"] = "out of \"reach\"";
  const auto sick = ask(handler, "GET", "/debug/health");
  EXPECT_EQ(sick.status, 503);
  EXPECT_EQ(sick.body, R"({"storage":"out of \"reach\""})");
}

}  // namespace
