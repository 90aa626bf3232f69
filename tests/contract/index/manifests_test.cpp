#include <algorithm>

#include "contract/index/index_contract.h"

namespace rha::index::test {
namespace {

class Manifests : public IndexContract {};

ManifestRow fullRow() {
  ManifestRow row = manifestOf("full", 5);
  row.artifactType = "application/spdx+json";
  row.annotationsJson = R"({"a":"b\u0000","ü":"\"'"})";
  row.subject = digest("subject");
  row.references = {{ReferenceKind::Subject, digest("subject"), 7, "application/x", ""},
                    {ReferenceKind::Config, digest("512 config"), 0, "", ""},
                    layer("one"),
                    layer("one"),
                    {ReferenceKind::Manifest, digest("child"), 1ULL << 40U, "application/y", "linux/arm64/v8"}};
  return row;
}

TEST_P(Manifests, AManifestComesBackWithAllThatWasPut) {
  put("app", fullRow());
  const auto found = index().manifest(name("app"), digest("full"));
  ASSERT_TRUE(found);
  EXPECT_EQ(describe(*found), describe(fullRow()));
}

TEST_P(Manifests, AManifestOfAnotherRepositoryIsNotFound) {
  put("app", fullRow());
  touch("other");
  EXPECT_FALSE(index().manifest(name("other"), digest("full")));
  EXPECT_FALSE(index().manifest(name("unknown"), digest("full")));
  EXPECT_FALSE(index().manifest(name("app"), digest("unknown")));
}

TEST_P(Manifests, PuttingItAgainKeepsTheEarliestPushTimeWhicheverCameFirst) {
  put("app", manifestOf("x", 5));
  put("app", manifestOf("x", 9));
  EXPECT_EQ(index().manifest(name("app"), digest("x"))->pushedAt, at(5));
  put("app", manifestOf("x", 2));
  EXPECT_EQ(index().manifest(name("app"), digest("x"))->pushedAt, at(2));
  EXPECT_EQ(index().statistics().manifests, 1U);
}

TEST_P(Manifests, PuttingItAgainReplacesWhatIsKnownOfIt) {
  ManifestRow first = manifestOf("x");
  first.references = {layer("a"), layer("b"), layer("c")};
  put("app", first);
  ManifestRow second = fullRow();
  second.digest = first.digest;
  second.pushedAt = first.pushedAt;
  put("app", second);
  EXPECT_EQ(describe(*index().manifest(name("app"), first.digest)), describe(second));
  put("app", first);
  EXPECT_EQ(describe(*index().manifest(name("app"), first.digest)), describe(first));
}

TEST_P(Manifests, ARemovedManifestIsGoneFromEveryListAndMayComeBack) {
  put("app", fullRow());
  put("other", fullRow());
  index().removeManifest(name("app"), digest("full"));
  EXPECT_FALSE(index().manifest(name("app"), digest("full")));
  EXPECT_TRUE(index().manifests(name("app"), {"", 10}).empty());
  EXPECT_TRUE(index().referrers(name("app"), digest("subject"), "", {"", 10}).empty());
  EXPECT_TRUE(index().manifest(name("other"), digest("full"))) << "the same manifest elsewhere stays";
  EXPECT_EQ(index().statistics().manifests, 1U);
}

TEST_P(Manifests, RemovingWhatIsNotThereChangesNothing) {
  index().removeManifest(name("unknown"), digest("x"));
  put("app", manifestOf("x"));
  index().removeManifest(name("app"), digest("y"));
  EXPECT_TRUE(index().manifest(name("app"), digest("x")));
  EXPECT_FALSE(index().hasRepository(name("unknown")));
}

TEST_P(Manifests, RemovingAManifestLeavesItsTags) {
  put("app", manifestOf("x"));
  putTag("app", "latest", "x");
  index().removeManifest(name("app"), digest("x"));
  EXPECT_EQ(tags("app"), "latest");
}

TEST_P(Manifests, AreListedByDigestAtEveryPageSize) {
  std::vector<std::string> expected;
  for (int i = 0; i < 12; ++i) {
    const std::string content = (i % 3 == 0 ? "512 " : "") + std::to_string(i);
    put("app", manifestOf(content));
    put("app-other", manifestOf("other" + content));
    expected.push_back(digest(content).text());
  }
  std::sort(expected.begin(), expected.end());
  for (std::uint64_t size = 1; size <= expected.size() + 1; ++size) {
    std::vector<std::string> found;
    std::string last;
    for (auto page = index().manifests(name("app"), {last, size}); !page.empty();
         page = index().manifests(name("app"), {last, size})) {
      ASSERT_LE(page.size(), size);
      for (const auto& row : page) {
        found.push_back(row.digest.text());
      }
      last = found.back();
    }
    EXPECT_EQ(found, expected) << "pages of " << size;
  }
  EXPECT_TRUE(index().manifests(name("app"), {"", 0}).empty());
}

TEST_P(Manifests, APageMayBeginAtADigestThatDoesNotExistOrAtItsBeginning) {
  std::vector<std::string> all;
  for (int i = 0; i < 8; ++i) {
    const std::string content = (i % 2 == 0 ? "512 " : "") + std::to_string(i);
    put("app", manifestOf(content));
    all.push_back(digest(content).text());
  }
  std::sort(all.begin(), all.end());
  std::vector<std::string> bounds{"",          "sha",       "sha256",    "sha256:",     "sha256:0",        "sha256:8",
                                  "sha256:7f", "zzz",       "sha256:zz", "sha256:g",    "sha256::",        "sha384:0",
                                  "sha512:",   "sha512:80", "SHA256:00", "sha512:fffg", "sha256:ffffffff", "sha6",
                                  "\xff"};
  for (const auto& text : all) {
    for (const std::size_t cut : {1U, 2U, 11U, 20U}) {
      bounds.push_back(text.substr(0, text.size() - cut));
    }
    bounds.push_back(text + "0");
    bounds.push_back(digest(text).text());
  }
  for (const auto& bound : bounds) {
    const auto first = std::upper_bound(all.begin(), all.end(), bound);
    const auto page = index().manifests(name("app"), {bound, 1});
    ASSERT_EQ(page.empty(), first == all.end()) << bound;
    if (!page.empty()) {
      EXPECT_EQ(page.front().digest.text(), *first) << bound;
    }
  }
}

TEST_P(Manifests, RepositoriesWithABlobAreThoseWhoseManifestsNameItAsConfigOrLayer) {
  ManifestRow image = manifestOf("image");
  image.references = {layer("blob"), layer("blob"), {ReferenceKind::Config, digest("config"), 1, "c", ""}};
  put("a", image);
  put("b", image);
  ManifestRow list = manifestOf("list");
  list.references = {{ReferenceKind::Manifest, digest("blob"), 1, "m", ""}};
  put("c", list);
  EXPECT_EQ(joined(index().repositoriesWith(digest("config"), 10), [](const auto& found) { return found.text(); }),
            "a b");
  EXPECT_EQ(index().repositoriesWith(digest("blob"), 10).size(), 2U);
  EXPECT_EQ(index().repositoriesWith(digest("blob"), 1).size(), 1U);
  EXPECT_TRUE(index().repositoriesWith(digest("blob"), 0).empty());
  EXPECT_TRUE(index().repositoriesWith(digest("unknown"), 10).empty());
  index().removeManifest(name("a"), digest("image"));
  index().removeRepository(name("b"));
  EXPECT_TRUE(index().repositoriesWith(digest("blob"), 10).empty());
}

class Referrers : public IndexContract {
 protected:
  std::string referrers(std::string_view subject, std::string_view artifactType = "", const Page& page = {"", 1000}) {
    return joined(index().referrers(name("app"), digest(subject), artifactType, page),
                  [](const auto& row) { return row.digest.text(); });
  }
  static std::string sorted(std::vector<std::string_view> contents) {
    std::vector<std::string> texts;
    for (const auto content : contents) {
      texts.push_back(digest(content).text());
    }
    std::sort(texts.begin(), texts.end());
    return joined(texts, [](const auto& text) { return text; });
  }
};

TEST_P(Referrers, AreThoseOfThatSubjectInThatRepository) {
  put("app", referrerOf("s", "r1", "sbom"));
  put("app", referrerOf("s", "512 r2", "signature"));
  put("app", referrerOf("t", "r3", "sbom"));
  put("app", manifestOf("plain"));
  put("other", referrerOf("s", "r4", "sbom"));
  EXPECT_EQ(referrers("s"), sorted({"r1", "512 r2"}));
  EXPECT_EQ(referrers("t"), sorted({"r3"}));
  EXPECT_EQ(referrers("plain"), "");
  EXPECT_EQ(referrers("unknown"), "");
}

TEST_P(Referrers, AreFilteredByArtifactType) {
  for (const auto* const content : {"a", "b", "c", "d"}) {
    put("app", referrerOf("s", content, "sbom"));
  }
  put("app", referrerOf("s", "e", "signature"));
  put("app", referrerOf("s", "f", ""));
  EXPECT_EQ(referrers("s", "sbom"), sorted({"a", "b", "c", "d"}));
  EXPECT_EQ(referrers("s", "signature"), sorted({"e"}));
  EXPECT_EQ(referrers("s", "sbo"), "");
  EXPECT_EQ(referrers("s", ""), sorted({"a", "b", "c", "d", "e", "f"}));
}

TEST_P(Referrers, ComeInFullPagesWhateverTheFilterHides) {
  std::vector<std::string> expected;
  for (int i = 0; i < 30; ++i) {
    const std::string content = std::to_string(i);
    put("app", referrerOf("s", content, i % 3 == 0 ? "sbom" : "signature"));
    if (i % 3 == 0) {
      expected.push_back(digest(content).text());
    }
  }
  std::sort(expected.begin(), expected.end());
  for (std::uint64_t size = 1; size <= 11; ++size) {
    std::string last;
    std::vector<std::string> found;
    while (found.size() < expected.size()) {
      const auto page = index().referrers(name("app"), digest("s"), "sbom", {last, size});
      ASSERT_EQ(page.size(), std::min<std::uint64_t>(size, expected.size() - found.size()));
      for (const auto& row : page) {
        found.push_back(row.digest.text());
      }
      last = found.back();
    }
    EXPECT_EQ(found, expected);
    EXPECT_TRUE(index().referrers(name("app"), digest("s"), "sbom", {last, size}).empty());
  }
}

TEST_P(Referrers, ShowWhatTheApiAnswers) {
  ManifestRow row = referrerOf("s", "r", "sbom");
  row.annotationsJson = R"({"k":"v"})";
  row.size = 1234;
  put("app", row);
  EXPECT_EQ(describe(index().referrers(name("app"), digest("s"), "", {"", 1})), describe(row) + '\n');
}

INSTANTIATE_TEST_SUITE_P(Index, Manifests, ::testing::ValuesIn(indexesUnderTest()),
                         [](const auto& param) { return param.param.name; });
INSTANTIATE_TEST_SUITE_P(Index, Referrers, ::testing::ValuesIn(indexesUnderTest()),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace rha::index::test
