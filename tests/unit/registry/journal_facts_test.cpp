#include "registry/journal_facts.h"

#include <gtest/gtest.h>

#include "oci/digest.h"

namespace {

using rha::registry::JournalFacts;
using Record = rha::registry::JournalRecord;
using Action = Record::Action;

rha::base::WallTime at(int second) { return rha::base::WallTime(std::chrono::seconds(second)); }
std::string digest(const std::string& content) { return rha::oci::Digest::of(content).text(); }

struct JournalFactsTest : testing::Test {
  JournalFacts facts;

  void record(Action action, int second, const std::string& tag, const std::string& content,
              const std::string& actor = "ann") {
    facts.learn({action, at(second), "a/b", tag, content.empty() ? "" : digest(content), actor, ""});
  }
  // "1:ann=x 2:bob=deleted", oldest first; contents are x, y, z.
  std::string history(const std::string& tag) {
    facts.conclude();
    std::string text;
    const auto* events = facts.of(rha::oci::RepositoryName::parse("a/b").value(), tag);
    for (const auto& event : events ? *events : JournalFacts::Events()) {
      text += std::to_string(std::chrono::duration_cast<std::chrono::seconds>(event.at.time_since_epoch()).count());
      text += ":" + event.actor + "=";
      for (const char* content : {"x", "y", "z"}) {
        text += event.digest && event.digest->text() == digest(content) ? content : "";
      }
      text += event.digest ? " " : "deleted ";
    }
    return text;
  }
};

TEST_F(JournalFactsTest, EventsAreInOrderOfTimeAndSayAChangeEach) {
  record(Action::Tag, 3, "v1", "y");
  record(Action::Tag, 1, "v1", "x");
  record(Action::Tag, 2, "v1", "x");
  record(Action::Untag, 4, "v1", "", "bob");
  record(Action::Tag, 5, "v2", "z");
  EXPECT_EQ(history("v1"), "1:ann=x 3:ann=y 4:bob=deleted ");
  EXPECT_EQ(history("v2"), "5:ann=z ");
  EXPECT_EQ(history("v3"), "");
}

TEST_F(JournalFactsTest, ADeletedManifestTakesTheTagsThatPointedAtIt) {
  record(Action::Tag, 1, "v1", "x");
  record(Action::Tag, 1, "v2", "x");
  record(Action::Tag, 1, "v3", "y");
  record(Action::Tag, 2, "v2", "y");
  record(Action::Delete, 3, "", "x", "bob");
  record(Action::Tag, 4, "v1", "x");
  EXPECT_EQ(history("v1"), "1:ann=x 3:bob=deleted 4:ann=x ");
  EXPECT_EQ(history("v2"), "1:ann=x 2:ann=y ") << "it had gone on before";
  EXPECT_EQ(history("v3"), "1:ann=y ");
}

TEST_F(JournalFactsTest, EachDeletionCountsOnce) {
  record(Action::Tag, 1, "v1", "x");
  record(Action::Delete, 2, "", "x", "bob");
  record(Action::Untag, 3, "v1", "", "cat");
  record(Action::Tag, 4, "v1", "x");
  record(Action::Delete, 5, "", "x", "dan");
  EXPECT_EQ(history("v1"), "1:ann=x 2:bob=deleted 4:ann=x 5:dan=deleted ");
}

TEST_F(JournalFactsTest, TheFirstPushOfAManifestCounts) {
  record(Action::Manifest, 5, "", "x");
  record(Action::Manifest, 2, "", "x");
  record(Action::Manifest, 9, "", "x");
  EXPECT_EQ(facts.pushed.at({"a/b", digest("x")}), at(2));
}

}  // namespace
