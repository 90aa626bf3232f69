#include "apps/registry-homepage-builder/image_pages.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "apps/registry-homepage-builder/kept_page.h"
#include "catalogue_language.h"

namespace rha::homepage {
namespace {

using nlohmann::json;
using test::at;
using test::image;
using test::repository;

const SiteTraits kSite{"registry.test"};

ImagePages pagesOf(Repository made) { return imagePages(viewOf(std::move(made)).value(), kSite); }
const std::string& bytesOf(const ImagePages& pages, const std::string& path) {
  for (const SiteFile& file : pages.files) {
    if (file.path == path) {
      return file.bytes;
    }
  }
  throw std::runtime_error("no file " + path);
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(ImagePages, tagsStandInVersionOrderAndTheLatestIsMarked) {
  const auto pages = pagesOf(repository("a/b", {"1.9", "1.10", "latest", "1.9-rc1"}));
  const json document = json::parse(bytesOf(pages, "a/b/tags/index.json"));
  std::string order;
  for (const auto& tag : document["tags"]) {
    order += tag["tag"].get<std::string>() + ' ';
  }
  EXPECT_EQ(order, "latest 1.10 1.9-rc1 1.9 ");
  EXPECT_EQ(document["latest"], "1.10");
  EXPECT_EQ(document["pull"], "registry.test/a/b:1.10");
  const std::string& html = bytesOf(pages, "a/b/tags/index.html");
  EXPECT_TRUE(has(html, "<code data-copy>docker pull registry.test/a/b:1.10</code>"));
  EXPECT_TRUE(has(html, "<code>1.10</code> <span class=\"badge strong\">latest</span>"));
  EXPECT_TRUE(has(html, "href=\"../../../style.css\""));
}

TEST(ImagePages, anImageWithNothingButLatestIsShown) {
  EXPECT_EQ(pagesOf(repository("a", {"latest"})).summary.latest, "latest");
  EXPECT_FALSE(viewOf(repository("a", {})).has_value());
}

TEST(ImagePages, whatAnImageSaysOfItselfIsTextOnly) {
  auto made = repository("a", {"1"});
  auto hostile = image("x");
  hostile->labels = {{"<b>key\"", "</dd><script>alert(1)</script>"}, {"url", "javascript:alert(1)"}};
  hostile->platforms[0].platform = "<i>/\"x'";
  hostile->attachments.push_back({AttachmentKind::Other, "text/<img src=x onerror=alert(1)>", Digest::of("sig")});
  hostile->mediaType = "\"><script>";
  made.tags[0].image = hostile;
  const auto pages = pagesOf(std::move(made));
  const std::string& html = bytesOf(pages, "a/tags/index.html");
  for (const char* bad : {"<script>alert", "<img src=x", "<b>key", "<i>/", "\"><script>", "</dd><script"}) {
    EXPECT_FALSE(has(html, bad)) << bad;
  }
  EXPECT_TRUE(has(html, "&lt;/dd&gt;&lt;script&gt;"));
  EXPECT_FALSE(has(html, "href=\"javascript"));
  EXPECT_EQ(json::parse(bytesOf(pages, "a/tags/index.json"))["tags"][0]["labels"]["url"], "javascript:alert(1)");
}

TEST(ImagePages, manyTagsAreDividedAndNothingIsLost) {
  std::vector<std::string> tags;
  for (int i = 0; i < 1050; ++i) {
    tags.push_back("1." + std::to_string(i));
  }
  const auto pages = pagesOf(repository("a", tags));
  EXPECT_EQ(pages.summary.tags, 1050U);
  std::string path = "a/tags/";
  std::size_t seen = 0;
  std::size_t number = 0;
  while (true) {
    const std::string& html = bytesOf(pages, path + "index.html");
    EXPECT_LT(html.size(), kTagBytesPerPage + 32 * 1024);
    const json document = json::parse(bytesOf(pages, path + "index.json"));
    seen += document["tags"].size();
    ++number;
    if (document["next"].is_null()) {
      break;
    }
    path = "a/tags/_" + std::to_string(number + 1) + "/";
    EXPECT_EQ(document["next"], (number == 1 ? "./_" : "../_") + std::to_string(number + 1) + "/index.json");
  }
  EXPECT_EQ(seen, 1050U);
  EXPECT_GE(number, 11U);
}

TEST(ImagePages, heavyRowsMakeMorePages) {
  auto made = repository("a", {"1", "2", "3"});
  auto heavy = image("heavy");
  for (int i = 0; i < 60; ++i) {
    heavy->labels["label" + std::to_string(i)] = std::string(1000, 'x');
  }
  for (auto& tag : made.tags) {
    tag.image = heavy;
  }
  EXPECT_EQ(pagesOf(std::move(made)).files.size(), 2U * 1);
  auto more = repository("a", {"1", "2", "3", "4", "5", "6", "7"});
  for (auto& tag : more.tags) {
    tag.image = heavy;
  }
  EXPECT_EQ(pagesOf(std::move(more)).files.size(), 2U * 3);
}

TEST(ImagePages, theSummaryComesBackFromTheJson) {
  const auto pages = pagesOf(repository("a/b", {"1", "2"}, 5));
  const auto kept = keptSummary(bytesOf(pages, "a/b/tags/index.json"), test::name("a/b"));
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->latest, pages.summary.latest);
  EXPECT_EQ(kept->tags, 2U);
  EXPECT_EQ(kept->sizeBytes, 12'300'000U);
  EXPECT_EQ(kept->platforms, "amd64");
  EXPECT_EQ(kept->updated, at(6));
  EXPECT_EQ(kept->folder, "a/b/tags/");
  EXPECT_FALSE(keptSummary("{}", test::name("a/b")));
  EXPECT_FALSE(keptSummary("no json", test::name("a/b")));
  EXPECT_FALSE(keptSummary(bytesOf(pages, "a/b/tags/index.json"), test::name("other")));
}

TEST(ImagePages, tagsThatOnlyAttachAreTold) {
  const std::string hex(64, 'a');
  const auto tag = [](const std::string& text) { return Tag::parse(text).value(); };
  EXPECT_EQ(attachedTo(tag("sha256-" + hex + ".sig"))->text(), "sha256:" + hex);
  EXPECT_TRUE(attachedTo(tag("sha256-" + hex)));
  EXPECT_TRUE(attachedTo(tag("sha256-" + hex + ".sbom")));
  EXPECT_FALSE(attachedTo(tag("sha256-" + hex + ".txt")));
  EXPECT_FALSE(attachedTo(tag("sha256-abc.sig")));
  EXPECT_FALSE(attachedTo(tag("1.0-1")));
  EXPECT_EQ(attachmentKind("application/spdx+json"), AttachmentKind::Sbom);
  EXPECT_EQ(attachmentKind("application/vnd.cncf.notary.signature"), AttachmentKind::Signature);
  EXPECT_EQ(attachmentKind("application/vnd.in-toto+json"), AttachmentKind::Attestation);
  EXPECT_EQ(attachmentKind("application/x"), AttachmentKind::Other);
}

}  // namespace
}  // namespace rha::homepage
