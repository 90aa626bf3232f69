#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "api/homepage_handler.h"
#include "api_fixture.h"
#include "support/temporary_folder.h"

namespace {

namespace fs = std::filesystem;
using rha::net::Request;
using rha::net::Response;

// Stands for the API behind the homepage.
class Behind final : public rha::net::Handler {
 public:
  rha::net::Disposition handle(Request&) override { return Response(404, "{\"api\":1}", "application/json"); }
};

class Restricting final : public rha::access::Policy {
 public:
  [[nodiscard]] rha::access::Decision decide(const rha::access::Question& question) const override {
    rha::access::Decision decision;
    if (question.repository->text().starts_with("restricted/")) {
      decision.verdict = rha::access::Decision::Verdict::Challenge;
    }
    return decision;
  }
};

class Homepage : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& bytes) {
    fs::create_directories((site / path).parent_path());
    std::ofstream(site / path) << bytes;
  }
  void build() {
    write(".registry-homepage", "");
    write("index.html", "<index>");
    write("style.css", "css");
    write("site.js", "js");
    write("feed.atom", "feed");
    write("icon.svg", "icon");
    write("catalog.json", "{}");
    write("library/alpine/tags/index.html", "<alpine>");
    write("library/alpine/tags/_2/index.html", "<alpine 2>");
    write("a/tags/b/tags/index.html", "<a/tags/b>");
    write("restricted/x/tags/index.html", "<secret>");
    write("restricted/x/tags/index.json", "secret");
    write("restricted/x/tags/_2/index.html", "<secret>");
  }

  rha::test::Answer request(const std::string& method, const std::string& path, const rha::test::Fields& fields = {}) {
    Request request;
    request.method = method;
    request.path = path;
    request.peer = rha::net::Address::parse("192.0.2.7:4711").value();
    for (const auto& [name, value] : fields) {
      request.headers.add(name, value);
    }
    auto disposition = handler.handle(request);
    auto& response = std::get<Response>(disposition);
    rha::test::Answer answer;
    answer.status = response.status;
    answer.headers = response.headers;
    if (auto* text = std::get_if<std::string>(&response.body)) {
      answer.body = *text;
    } else if (auto& source = std::get<1>(response.body)) {
      answer.body = rha::base::readAll(*source, 1 << 20);
    }
    return answer;
  }
  rha::test::Answer get(const std::string& path, const rha::test::Fields& fields = {}) {
    return request("GET", path, fields);
  }
  bool fromApi(const std::string& path) { return get(path).body == "{\"api\":1}"; }

  rha::test::TemporaryFolder folder;
  fs::path site = folder.path() / "site";
  Behind api;
  rha::access::AnonymousGate gate{std::make_shared<Restricting>()};
  rha::api::HomepageHandler handler{site, api, gate};
};

TEST_F(Homepage, filesHaveTheirTypes) {
  build();
  EXPECT_EQ(get("/").body, "<index>");
  EXPECT_EQ(get("/").header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(get("/index.html").body, "<index>");
  EXPECT_EQ(get("/style.css").header("Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(get("/site.js").header("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(get("/catalog.json").header("Content-Type"), "application/json");
  EXPECT_EQ(get("/feed.atom").header("Content-Type"), "application/atom+xml; charset=utf-8");
  EXPECT_EQ(get("/icon.svg").header("Content-Type"), "image/svg+xml");
  EXPECT_EQ(get("/library/alpine/tags/").body, "<alpine>");
  EXPECT_EQ(get("/library/alpine/tags/_2/").body, "<alpine 2>");
  EXPECT_EQ(get("/a/tags/b/tags/").body, "<a/tags/b>");
}

TEST_F(Homepage, everyAnswerIsSecured) {
  build();
  for (const auto& answer : {get("/"), get("/nope", {{"Accept", "text/html"}}), get("/library/alpine/tags")}) {
    EXPECT_NE(answer.header("Content-Security-Policy").find("default-src 'none'"), std::string::npos);
    EXPECT_EQ(answer.header("Content-Security-Policy").find("unsafe"), std::string::npos);
    EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(answer.headers.all("Docker-Distribution-Api-Version").size(), 1U);
  }
}

TEST_F(Homepage, whoHasAFileGets304) {
  build();
  const auto first = get("/");
  const std::string tag = first.header("ETag");
  EXPECT_EQ(get("/", {{"If-None-Match", tag}}).status, 304);
  EXPECT_EQ(get("/", {{"If-None-Match", "\"x\", W/" + tag}}).status, 304);
  EXPECT_EQ(get("/", {{"If-None-Match", "*"}}).status, 304);
  EXPECT_EQ(get("/", {{"If-None-Match", tag}}).header("ETag"), tag);
  EXPECT_EQ(get("/", {{"If-None-Match", "\"x\""}}).status, 200);
  EXPECT_EQ(get("/", {{"If-Modified-Since", first.header("Last-Modified")}}).status, 304);
  EXPECT_EQ(get("/", {{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"}}).status, 200);
  EXPECT_EQ(get("/", {{"If-Modified-Since", "yesterday"}}).status, 200);
  // The entity tag counts more than the time.
  EXPECT_EQ(get("/", {{"If-None-Match", "\"x\""}, {"If-Modified-Since", first.header("Last-Modified")}}).status, 200);
  write("index.html", "<another>");
  EXPECT_NE(get("/").header("ETag"), tag);
}

TEST_F(Homepage, headHasTheSameHeaders) {
  build();
  EXPECT_EQ(request("HEAD", "/").header("ETag"), get("/").header("ETag"));
  EXPECT_EQ(request("HEAD", "/").status, 200);
}

TEST_F(Homepage, theApiIsNotTouched) {
  build();
  write("v2/index.html", "<site>");
  write("v2/x/tags/index.html", "<site>");
  for (const char* path : {"/v2", "/v2/", "/v2/x/tags/", "/v2/index.html", "/healthz", "/v2/x/tags/list", "/%76%32/"}) {
    EXPECT_TRUE(fromApi(path)) << path;
  }
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    EXPECT_EQ(request(method, "/").body, "{\"api\":1}") << method;
  }
}

TEST_F(Homepage, noPathLeavesTheSite) {
  build();
  write("../outside.html", "outside");
  std::ofstream(site / ".hidden.html") << "hidden";
  std::ofstream(site / "secret.txt") << "of no kind that a site has";
  std::ofstream(site / "noending") << "x";
  fs::create_directories(folder.path() / "other");
  std::ofstream(folder.path() / "other/page.html") << "outside";
  fs::create_symlink(folder.path() / "outside.html", site / "link.html");
  fs::create_directory_symlink(folder.path() / "other", site / "linked");
  fs::create_symlink("index.html", site / "inner.html");
  ASSERT_EQ(::mkfifo((site / "pipe.html").c_str(), 0600), 0);
  fs::create_directories(site / "folder.html");
  for (const char* path : {"/../outside.html",
                           "/%2e%2e/outside.html",
                           "/..%2foutside.html",
                           "/library/../../outside.html",
                           "/./index.html",
                           "//index.html",
                           "/library//alpine/tags/",
                           "/.hidden.html",
                           "/.registry-homepage",
                           "/secret.txt",
                           "/noending",
                           "/link.html",
                           "/inner.html",
                           "/linked/page.html",
                           "/pipe.html",
                           "/folder.html",
                           "/index.html%00",
                           "/INDEX.HTML",
                           "/index.html\\",
                           "/library/alpine/tags/%2e",
                           "/index.html/",
                           "/style.css/x"}) {
    EXPECT_TRUE(fromApi(path)) << path;
  }
  const std::string deep = "/" + std::string(5000, '/') + "index.html";
  EXPECT_TRUE(fromApi(deep));
}

TEST_F(Homepage, pagesOfImagesThatAreNotForEverybodyAreNotThere) {
  build();
  for (const char* path : {"/restricted/x/tags/", "/restricted/x/tags/index.html", "/restricted/x/tags/index.json",
                           "/restricted/x/tags/_2/", "/restricted/x/tags", "/%72estricted/x/tags/"}) {
    EXPECT_TRUE(fromApi(path)) << path;
    EXPECT_EQ(get(path, {{"Accept", "text/html"}}).status, 404) << path;
  }
}

TEST_F(Homepage, aPathWithoutItsLastSlashIsLedThere) {
  build();
  const auto answer = get("/library/alpine/tags");
  EXPECT_EQ(answer.status, 301);
  EXPECT_EQ(answer.header("Location"), "/library/alpine/tags/");
  EXPECT_TRUE(fromApi("//library/alpine/tags"));
}

TEST_F(Homepage, browsersGetAPageWhereThereIsNothing) {
  build();
  const auto answer = get("/nope/tags/", {{"Accept", "text/html,*/*;q=0.8"}});
  EXPECT_EQ(answer.status, 404);
  EXPECT_TRUE(answer.has("no such page"));
  EXPECT_TRUE(fromApi("/nope/tags/"));
}

TEST_F(Homepage, untilASiteIsBuiltThereIsAPageThatSaysSo) {
  EXPECT_EQ(get("/").status, 200);
  EXPECT_TRUE(get("/").has("has not been made yet"));
  EXPECT_EQ(get("/style.css").header("Content-Type"), "text/css; charset=utf-8");
  write("index.html", "<not a site of the builder's>");
  EXPECT_TRUE(get("/").has("has not been made yet"));
  EXPECT_TRUE(fromApi("/index.html"));
}

TEST_F(Homepage, aSiteThatIsReplacedIsServedAtOnce) {
  build();
  fs::create_directories(folder.path() / "new");
  std::ofstream(folder.path() / "new/.registry-homepage") << "";
  std::ofstream(folder.path() / "new/index.html") << "<new>";
  fs::rename(site, folder.path() / "old");
  fs::rename(folder.path() / "new", site);
  EXPECT_EQ(get("/").body, "<new>");
  EXPECT_TRUE(fromApi("/library/alpine/tags/"));
}

}  // namespace
