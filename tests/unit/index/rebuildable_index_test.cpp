#include "index/rebuildable_index.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

#include "support/index_language.h"
#include "support/temporary_folder.h"

namespace rha::index::test {
namespace {

namespace fs = std::filesystem;

class RebuildableIndexTest : public ::testing::Test {
 protected:
  std::unique_ptr<RebuildableIndex> opened() {
    auto index = std::make_unique<RebuildableIndex>(SqliteIndexSettings{.path = path_});
    index->open();
    return index;
  }
  // One that a rebuild without a feed has completed.
  std::unique_ptr<RebuildableIndex> complete() {
    auto index = opened();
    index->beginRebuild();
    index->finishRebuild();
    return index;
  }
  static TagRow row(std::string_view tagName, std::string_view content, int second) {
    return {tag(tagName), digest(content), at(second)};
  }
  static std::string tags(Index& index, std::string_view repository = "app") {
    return joined(index.tags(name(repository), {"", 1000}), [](const TagRow& found) { return describe(found); });
  }
  static std::string history(Index& index, std::string_view tagName) {
    return describe(index.history(name("app"), tag(tagName), 100));
  }
  static std::string described(std::string_view tagName, std::string_view content, int second) {
    return describe(row(tagName, content, second));
  }
  std::size_t filesInTheMaking() { return filesBeside(path_, ".new-").size(); }

  rha::test::TemporaryFolder folder_;
  fs::path path_ = folder_.path() / "index.db";
};

TEST_F(RebuildableIndexTest, AFreshOneIsBuildingUntilItsFirstRebuildIsFinished) {
  auto index = opened();
  EXPECT_EQ(index->state(), IndexState::Building);
  Index& feed = index->beginRebuild();
  EXPECT_EQ(index->state(), IndexState::Building);
  feed.putTag(name("app"), row("v1", "x", 1), "");
  EXPECT_THROW(static_cast<void>(index->hasRepository(name("app"))), IndexError) << "no list may be partial";
  EXPECT_THROW(static_cast<void>(index->repositories({"", 10}, {})), IndexError);
  EXPECT_THROW(static_cast<void>(index->tags(name("app"), {"", 10})), IndexError);
  index->finishRebuild();
  EXPECT_EQ(index->state(), IndexState::Complete);
  EXPECT_EQ(tags(*index), described("v1", "x", 1));
  EXPECT_EQ(filesInTheMaking(), 0U);
  index.reset();
  EXPECT_EQ(opened()->state(), IndexState::Complete);
}

TEST_F(RebuildableIndexTest, ACompleteOneAnswersWhileItIsRebuilt) {
  auto index = complete();
  index->putTag(name("gone"), row("v1", "x", 1), "ann");
  Index& feed = index->beginRebuild();
  EXPECT_EQ(index->state(), IndexState::Rebuilding);
  feed.putTag(name("app"), row("v1", "x", 1), "");
  EXPECT_EQ(tags(*index, "gone"), described("v1", "x", 1));
  EXPECT_EQ(tags(*index), "");
  index->finishRebuild();
  EXPECT_EQ(tags(*index, "gone"), "") << "the storage does not have it";
  EXPECT_EQ(tags(*index), described("v1", "x", 1));
  EXPECT_EQ(index->statistics().repositories, 1U);
}

TEST_F(RebuildableIndexTest, AnAbandonedRebuildLeavesEverythingAsItWas) {
  auto index = complete();
  index->putTag(name("app"), row("v1", "x", 1), "ann");
  index->beginRebuild().putTag(name("other"), row("v1", "x", 1), "");
  index->abandonRebuild();
  index->abandonRebuild();
  EXPECT_EQ(index->state(), IndexState::Complete);
  EXPECT_EQ(tags(*index), described("v1", "x", 1));
  EXPECT_FALSE(index->hasRepository(name("other")));
  EXPECT_EQ(filesInTheMaking(), 0U);
  index->beginRebuild();
  index->finishRebuild();
  EXPECT_EQ(tags(*index), "");
}

TEST_F(RebuildableIndexTest, OneRebuildAtATime) {
  auto index = opened();
  EXPECT_THROW(index->finishRebuild(), std::logic_error);
  index->beginRebuild();
  EXPECT_THROW(index->beginRebuild(), std::logic_error);
}

TEST_F(RebuildableIndexTest, AfterACrashInTheMidstTheOldOneIsThereAndTheLeftoversAreNot) {
  complete()->putTag(name("app"), row("v1", "x", 1), "ann");
  const pid_t child = ::fork();
  if (child == 0) {
    auto index = opened();
    Index& feed = index->beginRebuild();
    feed.putTag(name("other"), row("v1", "x", 1), "");
    index->putTag(name("app"), row("v2", "y", 2), "ann");
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_GT(filesInTheMaking(), 0U);
  auto index = opened();
  EXPECT_EQ(index->state(), IndexState::Complete);
  EXPECT_EQ(filesInTheMaking(), 0U);
  EXPECT_EQ(tags(*index), described("v1", "x", 1) + ' ' + described("v2", "y", 2));
  EXPECT_FALSE(index->hasRepository(name("other")));
}

TEST_F(RebuildableIndexTest, AFirstRebuildThatCrashedIsStillToBeDone) {
  opened()->beginRebuild().touchRepository(name("app"), at(1));
  EXPECT_EQ(opened()->state(), IndexState::Building);
}

TEST_F(RebuildableIndexTest, WritesAreTakenWhileTheFirstRebuildIsStillToBeDone) {
  auto index = opened();
  index->putTag(name("app"), row("before", "x", 1), "ann");
  Index& feed = index->beginRebuild();
  index->putTag(name("app"), row("meanwhile", "x", 2), "ann");
  index->removeTag(name("app"), tag("gone"), at(3), "ann");
  feed.restoreTag(name("app"), row("before", "x", 1));
  feed.restoreTag(name("app"), row("gone", "x", 1));
  index->finishRebuild();
  EXPECT_EQ(tags(*index), described("before", "x", 1) + ' ' + described("meanwhile", "x", 2));
  EXPECT_EQ(history(*index, "gone"), "3:ann=deleted") << "the empty index could not tell, the storage could";
}

// A full disk, played by a limit on the size of files, in a child as it holds for a whole process.
TEST_F(RebuildableIndexTest, ARebuildThatLostWritesCannotBeFinishedAndTheOldOneGoesOn) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    auto index = complete();
    index->putTag(name("app"), row("v1", "x", 1), "ann");
    Index& feed = index->beginRebuild();
    struct rlimit limit {};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 1024 * 1024;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto fails = [](const auto& work) {
      try {
        work();
        return false;
      } catch (const IndexError&) {
        return true;
      }
    };
    const bool full = fails([&] {
      for (int i = 0; i < 100'000; ++i) {
        feed.touchRepository(name("r" + std::to_string(i)), at(1));
      }
    });
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const bool refused =
        fails([&] { feed.touchRepository(name("more"), at(1)); }) && fails([&] { index->finishRebuild(); });
    index->putTag(name("app"), row("v2", "x", 2), "ann");
    const bool marked = index->dirtyRepositories().size() == 1;
    index->abandonRebuild();
    const bool old = index->state() == IndexState::Complete && index->tags(name("app"), {"", 10}).size() == 2;
    ::_exit(full && refused && marked && old ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// ---- what is written live wins over what is fed, in whichever order they come

TEST_F(RebuildableIndexTest, ATagPushedLiveIsNotOverwrittenByWhatWasReadBefore) {
  auto index = complete();
  index->putTag(name("app"), row("v1", "old", 1), "ann");
  Index& feed = index->beginRebuild();
  index->putTag(name("app"), row("v1", "new", 5), "bob");
  feed.addTagEvent(name("app"), {tag("v1"), digest("old"), at(1), "ann"});
  feed.putTag(name("app"), row("v1", "old", 1), "");
  feed.restoreTag(name("app"), row("v1", "old", 1));
  index->finishRebuild();
  EXPECT_EQ(tags(*index), described("v1", "new", 5));
  EXPECT_EQ(history(*index, "v1"), "5:bob=" + shortDigest(digest("new")) + " 1:ann=" + shortDigest(digest("old")));
}

TEST_F(RebuildableIndexTest, ATagPushedLiveOverwritesWhatWasFed) {
  auto index = complete();
  Index& feed = index->beginRebuild();
  feed.putTag(name("app"), row("v1", "old", 1), "");
  index->putTag(name("app"), row("v1", "new", 5), "bob");
  index->finishRebuild();
  EXPECT_EQ(tags(*index), described("v1", "new", 5));
}

TEST_F(RebuildableIndexTest, ATagPushedAgainLiveAsItWasKeepsItsTime) {
  auto index = complete();
  index->putTag(name("app"), row("v1", "x", 1), "ann");
  Index& feed = index->beginRebuild();
  index->putTag(name("app"), row("v1", "x", 5), "bob");
  feed.addTagEvent(name("app"), {tag("v1"), digest("x"), at(1), "ann"});
  feed.restoreTag(name("app"), row("v1", "x", 1));
  index->finishRebuild();
  EXPECT_EQ(tags(*index), described("v1", "x", 1));
  EXPECT_EQ(history(*index, "v1"), "1:ann=" + shortDigest(digest("x")));
}

TEST_F(RebuildableIndexTest, ATagRemovedLiveDoesNotComeBackAndItsHistoryTellsOfIt) {
  auto index = complete();
  for (const auto* const tagName : {"before", "after"}) {
    index->putTag(name("app"), row(tagName, "x", 1), "ann");
  }
  Index& feed = index->beginRebuild();
  const auto feedTag = [&](std::string_view tagName) {
    feed.addTagEvent(name("app"), {tag(tagName), digest("x"), at(1), "ann"});
    feed.restoreTag(name("app"), row(tagName, "x", 1));
  };
  feedTag("before");
  index->removeTag(name("app"), tag("before"), at(5), "bob");
  index->removeTag(name("app"), tag("after"), at(5), "bob");
  index->removeTag(name("app"), tag("never"), at(5), "bob");
  feedTag("after");
  index->finishRebuild();
  EXPECT_EQ(tags(*index), "");
  const std::string expected = "5:bob=deleted 1:ann=" + shortDigest(digest("x"));
  EXPECT_EQ(history(*index, "before"), expected);
  EXPECT_EQ(history(*index, "after"), expected);
  EXPECT_EQ(history(*index, "never"), "");
}

TEST_F(RebuildableIndexTest, AManifestRemovedLiveDoesNotComeBackUnlessItIsPushedAgain) {
  auto index = complete();
  Index& feed = index->beginRebuild();
  index->removeManifest(name("app"), digest("gone"));
  index->removeManifest(name("app"), digest("back"));
  index->putManifest(name("app"), manifestOf("back", 9));
  feed.putManifest(name("app"), manifestOf("gone"));
  feed.putManifest(name("app"), manifestOf("back"));
  feed.putManifest(name("app"), manifestOf("other"));
  feed.removeManifest(name("app"), digest("back"));
  index->finishRebuild();
  EXPECT_FALSE(index->manifest(name("app"), digest("gone")));
  EXPECT_TRUE(index->manifest(name("app"), digest("back")));
  EXPECT_TRUE(index->manifest(name("app"), digest("other")));
}

TEST_F(RebuildableIndexTest, ARepositoryRemovedLiveHoldsOnlyWhatWasPushedSince) {
  auto index = complete();
  Index& feed = index->beginRebuild();
  feed.putTag(name("app"), row("old", "x", 1), "");
  index->removeRepository(name("app"));
  index->putTag(name("app"), row("new", "y", 5), "bob");
  feed.putTag(name("app"), row("older", "x", 1), "");
  feed.putManifest(name("app"), manifestOf("x"));
  feed.touchRepository(name("app"), at(50));
  index->finishRebuild();
  EXPECT_EQ(tags(*index), described("new", "y", 5));
  EXPECT_EQ(index->statistics().manifests, 0U);
}

TEST_F(RebuildableIndexTest, MarksBeginUnsetAndLiveOnesWin) {
  auto index = complete();
  index->setMark("journal.a", "1");
  index->setMark("journal.b", "1");
  Index& feed = index->beginRebuild();
  EXPECT_FALSE(feed.mark("journal.a"));
  index->setMark("journal.a", "7");
  feed.setMark("journal.a", "5");
  feed.setMark("journal.c", "3");
  index->finishRebuild();
  EXPECT_EQ(index->mark("journal.a"), "7");
  EXPECT_FALSE(index->mark("journal.b"));
  EXPECT_EQ(index->mark("journal.c"), "3");
}

TEST_F(RebuildableIndexTest, DirtyMarksOutliveARebuild) {
  auto index = complete();
  index->markDirty(name("a"));
  Index& feed = index->beginRebuild();
  feed.markDirty(name("b"));
  index->finishRebuild();
  EXPECT_EQ(index->dirtyRepositories().size(), 2U);
}

TEST_F(RebuildableIndexTest, ADamagedOneIsReplacedWhenItsRebuildBegins) {
  auto index = complete();
  for (int i = 0; i < 300; ++i) {
    index->putTag(name("app"), row(std::to_string(i), "x", i), "ann");
  }
  index.reset();
  {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    const auto size = static_cast<std::streamoff>(fs::file_size(path_));
    for (std::streamoff page = 20 * 4096; page < size; page += 4096) {
      file.seekp(page);
      file << std::string(256, '\xee');
    }
  }
  index = opened();
  EXPECT_EQ(index->state(), IndexState::Complete);
  EXPECT_THROW(index->tags(name("app"), {"", 1000}), IndexError);
  EXPECT_EQ(index->state(), IndexState::Building) << "a partial list is worse than none";
  Index& feed = index->beginRebuild();
  EXPECT_EQ(index->state(), IndexState::Building);
  feed.putTag(name("app"), row("v1", "x", 1), "");
  index->finishRebuild();
  EXPECT_EQ(index->state(), IndexState::Complete);
  EXPECT_EQ(tags(*index), described("v1", "x", 1));
  EXPECT_FALSE(filesBeside(path_, ".corrupt-").empty());
}

TEST_F(RebuildableIndexTest, AnotherProcessSeesTheNewContentsToo) {
  auto index = complete();
  index->putTag(name("old"), row("v1", "x", 1), "ann");
  SqliteIndex other({.path = path_});
  other.open();
  EXPECT_TRUE(other.hasRepository(name("old")));
  index->beginRebuild().touchRepository(name("new"), at(1));
  index->finishRebuild();
  EXPECT_FALSE(other.hasRepository(name("old")));
  EXPECT_TRUE(other.hasRepository(name("new")));
  other.touchRepository(name("newer"), at(2));
  EXPECT_TRUE(index->hasRepository(name("newer")));
}

// Every rebuild feeds a whole generation: the tags g0 … g19 of "app" all point at the content of its number.
constexpr int kTags = 20;
constexpr int kGenerations = 5;

void feedGeneration(Index& feed, int generation) {
  for (int i = 0; i < kTags; ++i) {
    feed.putTag(name("app"), {tag("g" + std::to_string(i)), digest(std::to_string(generation)), at(generation)}, "");
  }
}

// Whether a list shows one generation, whole.
bool isWhole(const std::vector<TagRow>& rows) {
  return rows.size() == kTags &&
         std::all_of(rows.begin(), rows.end(), [&](const TagRow& row) { return row.digest == rows.front().digest; });
}

TEST_F(RebuildableIndexTest, ReadersSeeOneGenerationOrTheNextAndNoLiveWriteIsLost) {
  auto index = complete();
  feedGeneration(index->beginRebuild(), 0);
  index->finishRebuild();
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!done) {
        wrong += isWhole(index->tags(name("app"), {"", 1000})) ? 0 : 1;
      }
    });
  }
  // A rebuild knows what the storage holds when it reads it: what a writer pushed before it began.
  std::atomic<int> pushed{0};
  threads.emplace_back([&] {
    for (int i = 0; !done; ++i) {
      pushed = i + 1;  // before the index hears of it, as the storage does
      index->putTag(name("live"), {tag("t" + std::to_string(i)), digest("x"), at(i)}, "ann");
      wrong += index->tagsOf(name("live"), digest("x")).empty() ? 1 : 0;
    }
  });
  for (int generation = 1; generation <= kGenerations; ++generation) {
    Index& feed = index->beginRebuild();
    feedGeneration(feed, generation);
    for (int i = 0, known = pushed; i < known; ++i) {
      feed.putTag(name("live"), {tag("t" + std::to_string(i)), digest("x"), at(i)}, "");
    }
    index->finishRebuild();
  }
  done = true;
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(index->tags(name("live"), {"", 1'000'000}).size(), static_cast<std::size_t>(pushed));
  EXPECT_TRUE(index->dirtyRepositories().empty());
}

}  // namespace
}  // namespace rha::index::test
