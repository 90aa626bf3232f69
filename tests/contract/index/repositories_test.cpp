#include "contract/index/index_contract.h"

namespace rha::index::test {
namespace {

class Repositories : public IndexContract {
 protected:
  void touchAll(std::initializer_list<std::string_view> names) {
    for (const auto text : names) {
      touch(text);
    }
  }
};

TEST_P(Repositories, AreInAsciiOrderAlsoWhereOneNameBeginsAnother) {
  touchAll({"ab", "a.b", "a", "a/b", "a-b", "a/b/c", "a_b", "a/b-c", "10", "9"});
  EXPECT_EQ(catalogue(), "10 9 a a-b a.b a/b a/b-c a/b/c a_b ab");
}

TEST_P(Repositories, PagesBeginAfterTheLastNameWhichNeedNotExist) {
  touchAll({"a", "a-b", "a/b", "ab"});
  EXPECT_EQ(catalogue({"a", 10}), "a-b a/b ab");
  EXPECT_EQ(catalogue({"a", 1}), "a-b");
  EXPECT_EQ(catalogue({"a/", 10}), "a/b ab");
  EXPECT_EQ(catalogue({"a/a", 10}), "a/b ab");
  EXPECT_EQ(catalogue({"ab", 10}), "");
  EXPECT_EQ(catalogue({"~~~", 10}), "");
  EXPECT_EQ(catalogue({"", 0}), "");
  EXPECT_EQ(catalogue({"", ~0ULL}), "a a-b a/b ab");
}

TEST_P(Repositories, AreKnownOnceTheyAreTouchedTaggedOrGivenAManifest) {
  EXPECT_EQ(catalogue(), "");
  touch("a");
  putTag("b", "v1", "x");
  put("c", manifestOf("x"));
  EXPECT_EQ(catalogue(), "a b c");
  EXPECT_TRUE(index().hasRepository(name("a")));
  EXPECT_FALSE(index().hasRepository(name("a/b")));
}

TEST_P(Repositories, TheirTimeIsThatOfTheLastWriteAndNeverMovesBack) {
  const auto time = [this] { return secondOf(index().repositories({"", 1}, {}).front().updatedAt); };
  touch("a", 5);
  EXPECT_EQ(time(), 5);
  touch("a", 3);
  EXPECT_EQ(time(), 5);
  putTag("a", "v1", "x", 7);
  EXPECT_EQ(time(), 7);
  put("a", manifestOf("x", 8));
  EXPECT_EQ(time(), 8);
  removeTag("a", "v1", 9);
  EXPECT_EQ(time(), 9);
}

TEST_P(Repositories, ARemovedOneIsForgottenWholeAndMayComeBackEmpty) {
  ManifestRow row = referrerOf("s", "x", "sbom");
  row.references = {layer("a")};
  put("app", row);
  putTag("app", "v1", "x");
  put("app/sub", row);
  putTag("app/sub", "v1", "x");
  index().removeRepository(name("app"));
  index().removeRepository(name("unknown"));
  EXPECT_EQ(catalogue(), "app/sub");
  const auto left = index().statistics();
  EXPECT_EQ(left.repositories, 1U);
  EXPECT_EQ(left.tags, 1U);
  EXPECT_EQ(left.manifests, 1U);
  touch("app");
  EXPECT_EQ(tags("app"), "");
  EXPECT_EQ(history("app", "v1"), "");
  EXPECT_FALSE(index().manifest(name("app"), digest("x")));
  EXPECT_TRUE(index().referrers(name("app"), digest("s"), "", {"", 10}).empty());
  EXPECT_TRUE(index().manifest(name("app/sub"), digest("x")));
}

TEST_P(Repositories, StatisticsCountWhatIsThereAndItsRoomOnDisk) {
  putTag("a", "v1", "x");
  putTag("a", "v2", "x");
  putTag("b", "v1", "x");
  put("a", manifestOf("x"));
  const auto found = index().statistics();
  EXPECT_EQ(found.repositories, 2U);
  EXPECT_EQ(found.tags, 3U);
  EXPECT_EQ(found.manifests, 1U);
  EXPECT_GT(found.bytesOnDisk, 0U);
}

class Catalogue : public IndexContract {
 protected:
  void SetUp() override {
    for (const auto* const text : {"a", "private", "private/a", "private/b/c", "private-x", "privates", "restricted",
                                   "restricted/open/a", "restricted/open/b", "restricted/x", "z/z"}) {
      touch(text);
    }
  }
};

TEST_P(Catalogue, WithoutRulesShowsAll) {
  EXPECT_EQ(catalogue().size(), std::string("a private private-x private/a private/b/c privates restricted "
                                            "restricted/open/a restricted/open/b restricted/x z/z")
                                    .size());
}

TEST_P(Catalogue, ARuleForAFolderCoversTheRepositoryOfThatName) {
  EXPECT_EQ(catalogue({"", 100}, {{{"", true}, {"private/", false}, {"restricted/", false}}}),
            "a private-x privates z/z");
}

TEST_P(Catalogue, TheLongestMatchingRuleDecides) {
  const Visibility visibility{{{"", true},
                               {"private", false},
                               {"private/", true},
                               {"private/b/", false},
                               {"restricted/", false},
                               {"restricted/open/", true}}};
  EXPECT_EQ(catalogue({"", 100}, visibility), "a private private/a restricted/open/a restricted/open/b z/z");
}

TEST_P(Catalogue, ANameThatNoRuleMatchesIsHidden) {
  EXPECT_EQ(catalogue({"", 100}, {{{"private/", true}}}), "private private/a private/b/c");
  EXPECT_EQ(catalogue({"", 100}, {{{"nothing/", true}}}), "");
  EXPECT_EQ(catalogue({"", 100}, {{{"", false}}}), "");
}

TEST_P(Catalogue, OfEqualRulesTheLastCounts) {
  EXPECT_EQ(catalogue({"", 100}, {{{"a", true}, {"a", false}, {"z/", false}, {"z/", true}}}), "z/z");
}

TEST_P(Catalogue, PagesAreFullWhateverIsHidden) {
  const Visibility visibility{{{"", true}, {"private/", false}, {"restricted/", false}, {"restricted/open/", true}}};
  EXPECT_EQ(catalogue({"", 3}, visibility), "a private-x privates");
  EXPECT_EQ(catalogue({"privates", 3}, visibility), "restricted/open/a restricted/open/b z/z");
  EXPECT_EQ(catalogue({"private/b", 2}, visibility), "privates restricted/open/a") << "last may be hidden itself";
  EXPECT_EQ(catalogue({"restricted", 1}, visibility), "restricted/open/a");
  EXPECT_EQ(catalogue({"", 0}, visibility), "");
}

INSTANTIATE_TEST_SUITE_P(Index, Repositories, ::testing::ValuesIn(indexesUnderTest()),
                         [](const auto& param) { return param.param.name; });
INSTANTIATE_TEST_SUITE_P(Index, Catalogue, ::testing::ValuesIn(indexesUnderTest()),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace rha::index::test
