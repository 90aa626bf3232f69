#include "contract/index/index_contract.h"

namespace rha::index::test {
namespace {

class Tags : public IndexContract {};

TEST_P(Tags, ATagIsListedWithItsDigestAndTheTimeOfItsLastChange) {
  putTag("app", "v1", "x", 3);
  const auto rows = index().tags(name("app"), {"", 10});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(describe(rows.front()), "v1=" + digest("x").text() + "@3");
  putTag("app", "v1", "512 y", 7);
  EXPECT_EQ(describe(index().tags(name("app"), {"", 10}).front()), "v1=" + digest("512 y").text() + "@7");
}

TEST_P(Tags, PushingTheSameDigestAgainTouchesTheRepositoryOnly) {
  putTag("app", "v1", "x", 3);
  putTag("app", "v1", "x", 9, "bob");
  EXPECT_EQ(index().tags(name("app"), {"", 10}).front().updatedAt, at(3));
  EXPECT_EQ(history("app", "v1"), "3:ann=" + shortDigest(digest("x")));
  EXPECT_EQ(index().repositories({"", 10}, {}).front().updatedAt, at(9));
}

TEST_P(Tags, AreInAsciiOrder) {
  for (const auto* const text : {"b", "a.b", "a", "B", "_x", "a-b", "ab", "a_b", "10", "9", "A"}) {
    putTag("app", text, "x");
  }
  EXPECT_EQ(tags("app"), "10 9 A B _x a a-b a.b a_b ab b");
}

TEST_P(Tags, PagesBeginAfterTheLastNameWhichNeedNotExist) {
  for (const auto* const text : {"a", "c", "e"}) {
    putTag("app", text, "x");
  }
  EXPECT_EQ(tags("app", {"a", 10}), "c e");
  EXPECT_EQ(tags("app", {"b", 10}), "c e");
  EXPECT_EQ(tags("app", {"b", 1}), "c");
  EXPECT_EQ(tags("app", {"e", 10}), "");
  EXPECT_EQ(tags("app", {"zzz", 10}), "");
  EXPECT_EQ(tags("app", {"c\xff\x01 ' -- /", 10}), "e");
  EXPECT_EQ(tags("app", {"", 0}), "");
  EXPECT_EQ(tags("app", {"", ~0ULL}), "a c e");
}

TEST_P(Tags, OfAnUnknownRepositoryAreNone) {
  EXPECT_EQ(tags("unknown"), "");
  EXPECT_EQ(history("unknown", "v1"), "");
  EXPECT_TRUE(index().tagsOf(name("unknown"), digest("x")).empty());
  removeTag("unknown", "v1");
  EXPECT_FALSE(index().hasRepository(name("unknown")));
}

TEST_P(Tags, ThatPointAtADigestAreFoundInThatRepositoryAlone) {
  putTag("app", "b", "x");
  putTag("app", "a", "x");
  putTag("app", "c", "y");
  putTag("other", "d", "x");
  const auto toText = [](const Tag& found) { return found.text(); };
  EXPECT_EQ(joined(index().tagsOf(name("app"), digest("x")), toText), "a b");
  putTag("app", "a", "y", 2);
  EXPECT_EQ(joined(index().tagsOf(name("app"), digest("x")), toText), "b");
  EXPECT_EQ(joined(index().tagsOf(name("app"), digest("y")), toText), "a c");
  EXPECT_TRUE(index().tagsOf(name("app"), digest("unknown")).empty());
}

TEST_P(Tags, ARemovedTagIsGoneAndItsHistoryStays) {
  putTag("app", "v1", "x", 1);
  putTag("app", "v2", "x", 1);
  removeTag("app", "v1", 4, "bob");
  EXPECT_EQ(tags("app"), "v2");
  EXPECT_EQ(history("app", "v1"), "4:bob=deleted 1:ann=" + shortDigest(digest("x")));
  removeTag("app", "v1", 5, "bob");
  EXPECT_EQ(history("app", "v1"), "4:bob=deleted 1:ann=" + shortDigest(digest("x"))) << "nothing was there to remove";
  putTag("app", "v1", "x", 6);
  EXPECT_EQ(history("app", "v1", 1), "6:ann=" + shortDigest(digest("x")));
}

TEST_P(Tags, TheCountOfARepositoryFollowsItsTags) {
  const auto count = [this] { return index().repositories({"", 1}, {}).front().tagCount; };
  touch("app");
  EXPECT_EQ(count(), 0U);
  putTag("app", "v1", "x");
  putTag("app", "v2", "x");
  putTag("app", "v2", "y", 2);
  EXPECT_EQ(count(), 2U);
  removeTag("app", "v1", 3);
  EXPECT_EQ(count(), 1U);
  EXPECT_EQ(index().statistics().tags, 1U);
}

TEST_P(Tags, ARestoredTagHasNoEvent) {
  index().restoreTag(name("app"), {tag("v1"), digest("x"), at(3)});
  EXPECT_EQ(describe(index().tags(name("app"), {"", 1}).front()), "v1=" + digest("x").text() + "@3");
  EXPECT_EQ(history("app", "v1"), "");
  EXPECT_EQ(index().repositories({"", 1}, {}).front().tagCount, 1U);
}

class History : public IndexContract {
 protected:
  void addEvent(std::string_view tagName, std::string_view content, int second, std::string_view actor = "ann") {
    index().addTagEvent(name("app"), {tag(tagName), content.empty() ? std::nullopt : std::optional(digest(content)),
                                      at(second), std::string(actor)});
  }
  static std::string short_(std::string_view content) { return shortDigest(digest(content)); }
};

TEST_P(History, IsNewestFirstAndLimited) {
  putTag("app", "v1", "x", 1);
  putTag("app", "v1", "y", 2, "bob");
  removeTag("app", "v1", 3, "cat");
  putTag("app", "v1", "x", 4, "");
  EXPECT_EQ(history("app", "v1"),
            "4:=" + short_("x") + " 3:cat=deleted 2:bob=" + short_("y") + " 1:ann=" + short_("x"));
  EXPECT_EQ(history("app", "v1", 2), "4:=" + short_("x") + " 3:cat=deleted");
  EXPECT_EQ(history("app", "v1", 0), "");
  EXPECT_EQ(history("app", "v2"), "");
}

TEST_P(History, EarlierEventsFindTheirPlaceInTime) {
  putTag("app", "v1", "z", 9);
  addEvent("v1", "y", 5, "bob");
  addEvent("v1", "", 7, "cat");
  addEvent("v1", "x", 2, "ann");
  EXPECT_EQ(history("app", "v1"),
            "9:ann=" + short_("z") + " 7:cat=deleted 5:bob=" + short_("y") + " 2:ann=" + short_("x"));
  EXPECT_EQ(index().tags(name("app"), {"", 1}).front().digest, digest("z")) << "the tag stays where it points";
}

TEST_P(History, EventsOfTheSameMomentKeepTheOrderInWhichTheyCame) {
  addEvent("v1", "x", 5);
  addEvent("v1", "y", 5);
  addEvent("v1", "", 5);
  addEvent("v1", "z", 5);
  EXPECT_EQ(history("app", "v1"),
            "5:ann=" + short_("z") + " 5:ann=deleted 5:ann=" + short_("y") + " 5:ann=" + short_("x"));
}

TEST_P(History, AnEventThatIsKnownIsNotAddedAgain) {
  putTag("app", "v1", "x", 5);
  putTag("app", "v1", "y", 6);
  for (int round = 0; round < 3; ++round) {
    addEvent("v1", "x", 5);
    addEvent("v1", "y", 6);
  }
  EXPECT_EQ(history("app", "v1"), "6:ann=" + short_("y") + " 5:ann=" + short_("x"));
}

TEST_P(History, EventsThatChangedNothingAreNotShown) {
  addEvent("v1", "x", 8, "late");
  addEvent("v1", "x", 2, "ann");
  addEvent("v1", "x", 4, "bob");
  addEvent("v1", "", 9, "cat");
  addEvent("v1", "", 10, "dog");
  EXPECT_EQ(history("app", "v1"), "9:cat=deleted 2:ann=" + short_("x"));
  EXPECT_EQ(history("app", "v1", 1), "9:cat=deleted");
  addEvent("v1", "y", 6, "eve");
  EXPECT_EQ(history("app", "v1"),
            "9:cat=deleted 8:late=" + short_("x") + " 6:eve=" + short_("y") + " 2:ann=" + short_("x"));
}

TEST_P(History, SaysWhatEachManifestWasAlsoWhenItIsGone) {
  ManifestRow row = manifestOf("x");
  row.mediaType = "application/x";
  row.size = 77;
  index().putManifest(name("app"), row);
  putTag("app", "v1", "x", 1);
  index().removeManifest(name("app"), row.digest);
  removeTag("app", "v1", 2, "cat");
  index().addTagEvent(name("app"), {tag("v1"), digest("old"), at(0), "ann", "application/old", 55});
  putTag("app", "v1", "unknown", 3);
  const auto events = index().history(name("app"), tag("v1"), 10);
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[0].mediaType, "");
  EXPECT_EQ(events[0].size, 0U);
  EXPECT_EQ(events[1].mediaType, "") << "a deletion";
  EXPECT_EQ(events[2].mediaType, "application/x");
  EXPECT_EQ(events[2].size, 77U);
  EXPECT_EQ(events[3].mediaType, "application/old");
  EXPECT_EQ(events[3].size, 55U);
  row.size = 78;
  index().putManifest(name("app"), row);
  EXPECT_EQ(index().history(name("app"), tag("v1"), 10)[2].size, 78U) << "what is there knows best";
}

TEST_P(History, AnEventMakesItsRepositoryKnown) {
  addEvent("v1", "x", 3);
  EXPECT_TRUE(index().hasRepository(name("app")));
  EXPECT_EQ(tags("app"), "");
  EXPECT_EQ(describe(index().repositories({"", 1}, {}).front()), "app#0@3");
}

INSTANTIATE_TEST_SUITE_P(Index, Tags, ::testing::ValuesIn(indexesUnderTest()),
                         [](const auto& param) { return param.param.name; });
INSTANTIATE_TEST_SUITE_P(Index, History, ::testing::ValuesIn(indexesUnderTest()),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace rha::index::test
