#include "apps/registry-homepage-builder/site_build.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "apps/registry-homepage-builder/image_pages.h"
#include "base/files.h"
#include "catalogue_language.h"
#include "support/fake_clock.h"
#include "support/temporary_folder.h"

namespace rha::homepage {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::repository;

class SiteBuild : public testing::Test {
 protected:
  SiteBuild() {
    source.put(repository("library/alpine", {"3.18", "3.19"}, 10));
    source.put(repository("tool", {"1"}, 20));
  }

  BuildReport build() {
    SiteTree tree(target, Takeover::OwnOnly);
    tree.begin();
    return buildSite(source, tree, {.site = {"registry.test"}, .styleSheet = std::nullopt, .threads = 3}, clock,
                     logger);
  }
  std::string read(const std::string& path) const { return base::readFile(target / path, 1 << 22).value_or("(none)"); }
  json readJson(const std::string& path) const { return json::parse(read(path)); }

  rha::test::TemporaryFolder folder;
  fs::path target = folder.path() / "site";
  rha::test::FakeClock clock;
  base::Logger logger{{.level = base::LogLevel::Error}};
  test::ListedSource source;
};

TEST_F(SiteBuild, allOfTheSiteIsThere) {
  const auto report = build();
  EXPECT_EQ(report.images, 2U);
  EXPECT_EQ(report.tags, 3U);
  for (const char* path : {"index.html", "_newest/index.html", "_search/1.json", "catalog.json", "feed.atom",
                           "style.css", "site.js", "icon.svg", "status.json", "library/alpine/tags/index.html",
                           "library/alpine/tags/index.json", "tool/tags/index.html"}) {
    EXPECT_TRUE(fs::exists(target / path)) << path;
  }
  EXPECT_EQ(readJson("catalog.json")["images"].size(), 2U);
}

TEST_F(SiteBuild, theFeedHasTheNewestPushesFirst) {
  for (int i = 0; i < 60; ++i) {
    source.put(repository("many/image-" + std::to_string(i), {"1", "2", "3"}, 1000 + 10 * i));
  }
  build();
  const std::string feed = read("feed.atom");
  std::size_t entries = 0;
  for (auto place = feed.find("<entry>"); place != std::string::npos; place = feed.find("<entry>", place + 1)) {
    ++entries;
  }
  EXPECT_EQ(entries, kPushesInFeed);
  EXPECT_LT(feed.find("many/image-59:3"), feed.find("many/image-59:2"));
  EXPECT_EQ(feed.find("tool:1"), std::string::npos);
}

TEST_F(SiteBuild, anImageThatFailsKeepsItsPageAndTheRestIsBuilt) {
  build();
  const std::string page = read("library/alpine/tags/index.html");
  source.fail("library/alpine");
  source.put(repository("new", {"1"}));
  const auto report = build();
  EXPECT_EQ(report.failures, std::vector<std::string>{"library/alpine: the disk is on fire"});
  EXPECT_EQ(read("library/alpine/tags/index.html"), page);
  EXPECT_NE(read("index.html").find("library/alpine/tags/"), std::string::npos);
  EXPECT_TRUE(fs::exists(target / "new/tags/index.html"));
  EXPECT_EQ(readJson("status.json")["failed"], 1);
  EXPECT_EQ(read("status.json").find("fire"), std::string::npos);
  source.mend("library/alpine");
  EXPECT_EQ(build().failed, 0U);
}

TEST_F(SiteBuild, anImageThatFailsAtFirstIsNotListed) {
  source.fail("tool");
  const auto report = build();
  EXPECT_EQ(report.images, 1U);
  EXPECT_EQ(report.failed, 1U);
  EXPECT_EQ(read("index.html").find("tool/tags"), std::string::npos);
}

TEST_F(SiteBuild, ifNothingCanBeReadNothingChanges) {
  build();
  const std::string before = read("status.json");
  source.fail("library/alpine");
  source.fail("tool");
  EXPECT_THROW(build(), std::runtime_error);
  EXPECT_EQ(read("status.json"), before);
}

TEST_F(SiteBuild, anImageThatIsGoneIsGoneFromTheSite) {
  build();
  source.remove("tool");
  source.put(repository("library/alpine", {}));
  build();
  EXPECT_FALSE(fs::exists(target / "tool"));
  EXPECT_FALSE(fs::exists(target / "library"));
  EXPECT_EQ(readJson("catalog.json")["images"].size(), 0U);
}

TEST_F(SiteBuild, withoutChangesNothingIsWrittenButTheTimeOfTheBuild) {
  build();
  clock.advance(std::chrono::hours(1));
  const auto report = build();
  EXPECT_EQ(report.files.written, 1U);  // status.json
  source.put(repository("tool", {"1", "2"}, 30));
  // Its page and JSON, the two listings, the search, the catalogue, the feed, the status.
  EXPECT_EQ(build().files.written, 8U);
}

TEST_F(SiteBuild, namesOfFilesAsImagesCollideWithNothing) {
  for (const char* text :
       {"index.html", "style.css", "v2/x", "a", "a/tags", "a/tags/index.html", "catalog.json/x", "tags", "tags/tags"}) {
    source.put(repository(text, {"1"}));
  }
  const auto report = build();
  EXPECT_EQ(report.failed, 0U);
  EXPECT_EQ(report.images, 11U);
  EXPECT_TRUE(fs::exists(target / "a/tags/_index.html/tags/index.html"));
  EXPECT_TRUE(fs::exists(target / "_v2/x/tags/index.html"));
  for (const auto& image : readJson("catalog.json")["images"]) {
    EXPECT_EQ(readJson(image["page"].get<std::string>() + "index.json")["name"], image["name"]);
  }
}

TEST_F(SiteBuild, anEmptyRegistryHasASiteToo) {
  source.remove("tool");
  source.remove("library/alpine");
  EXPECT_EQ(build().images, 0U);
  EXPECT_NE(read("index.html").find("There is no image yet"), std::string::npos);
}

}  // namespace
}  // namespace rha::homepage
