#include "contract/index/index_contract.h"

namespace rha::index::test {
namespace {

class Durability : public IndexContract {};

std::string dirty(Index& index) {
  return joined(index.dirtyRepositories(), [](const auto& found) { return found.text(); });
}

TEST_P(Durability, WhatWasWrittenIsThereAfterARestart) {
  ManifestRow row = referrerOf("s", "x", "sbom");
  row.references = {layer("a"), layer("b")};
  put("app", row);
  putTag("app", "v1", "x", 2);
  putTag("app", "v1", "y", 3, "bob");
  touch("empty");
  const std::string events = history("app", "v1");
  Index& again = underTest().reopened();
  EXPECT_EQ(describe(*again.manifest(name("app"), digest("x"))), describe(row));
  EXPECT_EQ(describe(again.tags(name("app"), {"", 10}).front()), "v1=" + digest("y").text() + "@3");
  EXPECT_EQ(describe(again.history(name("app"), tag("v1"), 10)), events);
  EXPECT_TRUE(again.hasRepository(name("empty")));
}

TEST_P(Durability, MarksAreKeptAndReplaced) {
  EXPECT_FALSE(index().mark("journal.one"));
  index().setMark("journal.one", "17");
  index().setMark("journal.two", "");
  index().setMark("journal.one", "18");
  EXPECT_EQ(index().mark("journal.one"), "18");
  EXPECT_EQ(index().mark("journal.two"), "");
  EXPECT_FALSE(index().mark("journal"));
  Index& again = underTest().reopened();
  EXPECT_EQ(again.mark("journal.one"), "18");
}

TEST_P(Durability, DirtyRepositoriesAreKeptUntilTheyAreClean) {
  EXPECT_EQ(dirty(index()), "");
  index().markDirty(name("b/c"));
  index().markDirty(name("a"));
  index().markDirty(name("b/c"));
  EXPECT_EQ(dirty(index()), "a b/c");
  index().clearDirty(name("b/c"));
  index().clearDirty(name("never"));
  EXPECT_EQ(dirty(index()), "a");
  index().markDirty(name("c"));
  Index& again = underTest().reopened();
  EXPECT_EQ(dirty(again), "a c");
  again.clearDirty(name("a"));
  again.clearDirty(name("c"));
  EXPECT_EQ(dirty(again), "");
}

TEST_P(Durability, ADirtyMarkDoesNotMakeARepositoryKnown) {
  index().markDirty(name("a"));
  EXPECT_FALSE(index().hasRepository(name("a")));
}

INSTANTIATE_TEST_SUITE_P(Index, Durability, ::testing::ValuesIn(indexesUnderTest()),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace rha::index::test
