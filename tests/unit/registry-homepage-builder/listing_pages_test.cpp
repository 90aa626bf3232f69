#include "apps/registry-homepage-builder/listing_pages.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "apps/registry-homepage-builder/markup.h"
#include "catalogue_language.h"

namespace rha::homepage {
namespace {

using nlohmann::json;

using Files = std::map<std::string, std::string>;

Summary summary(const std::string& name, int second = 0) {
  return {.name = name,
          .folder = pageFolder(test::name(name)),
          .latest = "1.0",
          .tags = 3,
          .sizeBytes = 5'000'000,
          .platforms = "amd64",
          .updated = test::at(second)};
}

Files filesOf(std::vector<Summary> summaries) {
  Files files;
  listingPages(std::move(summaries), {"registry.test"},
               [&](const SiteFile& file) { EXPECT_TRUE(files.emplace(file.path, file.bytes).second) << file.path; });
  return files;
}

std::vector<std::size_t> placesOf(const std::string& text, const std::vector<std::string>& parts) {
  std::vector<std::size_t> places;
  for (const std::string& part : parts) {
    places.push_back(text.find(part));
  }
  return places;
}

TEST(ListingPages, imagesAreGroupedByNamespace) {
  const Files files = filesOf({summary("b/x"), summary("a-b/c"), summary("a/z"), summary("top"), summary("a/y/deep")});
  const std::string& html = files.at("index.html");
  const auto places =
      placesOf(html, {"href=\"./top/tags/\"", "id=\"ns-a\"", "href=\"./a/y/deep/tags/\"", "href=\"./a/z/tags/\"",
                      "id=\"ns-a-b\"", "href=\"./a-b/c/tags/\"", "id=\"ns-b\""});
  EXPECT_TRUE(std::is_sorted(places.begin(), places.end()));
  EXPECT_NE(places.back(), std::string::npos);
  EXPECT_NE(html.find("5 images, 15 tags, 4 namespaces"), std::string::npos);
}

TEST(ListingPages, theOtherOrderIsByTheLastPush) {
  const Files files = filesOf({summary("a", 1), summary("b", 3), summary("c", 2)});
  const auto places =
      placesOf(files.at("_newest/index.html"), {"href=\"../b/tags/\"", "href=\"../c/tags/\"", "href=\"../a/tags/\""});
  EXPECT_TRUE(std::is_sorted(places.begin(), places.end()));
  EXPECT_NE(places.back(), std::string::npos);
}

TEST(ListingPages, anEmptyRegistrySaysSo) {
  const Files files = filesOf({});
  EXPECT_NE(files.at("index.html").find("There is no image yet"), std::string::npos);
  EXPECT_EQ(json::parse(files.at("catalog.json"))["images"].size(), 0U);
}

TEST(ListingPages, aBigCatalogueHasLightPagesAndAllNamesInTheSearch) {
  std::vector<Summary> summaries;
  for (int i = 0; i < 10'000; ++i) {
    summaries.push_back(summary("team-" + std::to_string(i % 400) + "/service-" + std::to_string(i), i));
  }
  const Files files = filesOf(summaries);
  std::set<std::string> found;
  std::size_t listed = 0;
  for (const auto& [path, bytes] : files) {
    if (path.ends_with(".html")) {
      EXPECT_LT(bytes.size(), 256U * 1024) << path;
    }
    if (path.starts_with("_search/")) {
      EXPECT_LT(bytes.size(), 384U * 1024) << path;
      for (const auto& row : json::parse(bytes)) {
        found.insert(row[0].get<std::string>());
      }
    }
    if (path == "index.html" || path.starts_with("_names/")) {
      for (auto at = bytes.find("<tr><th scope=\"row\">"); at != std::string::npos;
           at = bytes.find("<tr><th scope=\"row\">", at + 1)) {
        ++listed;
      }
    }
  }
  EXPECT_EQ(found.size(), 10'000U);
  EXPECT_EQ(listed, 10'000U);
  EXPECT_EQ(json::parse(files.at("catalog.json"))["images"].size(), 10'000U);
  EXPECT_NE(files.at("index.html").find("data-search-parts=\"5\""), std::string::npos);
  EXPECT_NE(files.at("index.html").find("10,000 images, 30,000 tags, 400 namespaces"), std::string::npos);
  EXPECT_NE(files.at("index.html").find("The 80 largest of 400 namespaces"), std::string::npos);
  // A namespace that begins on a later page is linked there.
  EXPECT_NE(files.at("index.html").find("href=\"./_names/"), std::string::npos);
}

TEST(ListingPages, whatTagsAndPlatformsSayIsTextOnly) {
  Summary hostile = summary("a");
  hostile.platforms = "<script>x</script>";
  const Files files = filesOf({hostile});
  EXPECT_EQ(files.at("index.html").find("<script>x"), std::string::npos);
  EXPECT_EQ(files.at("_newest/index.html").find("<script>x"), std::string::npos);
}

}  // namespace
}  // namespace rha::homepage
