// Many threads at once: every write is visible when its call returns, every read sees one state, nothing is lost.
#include <algorithm>
#include <atomic>
#include <thread>

#include "contract/index/index_contract.h"

namespace rha::index::test {
namespace {

class Concurrency : public IndexContract {};

constexpr int kWriters = 4;
constexpr int kReaders = 8;
constexpr int kRounds = 40;

// Pushes to a repository of its own and to one that all share, looking for each write right after it.
void pushAndLook(Index& index, int writer, std::atomic<int>& missed) {
  const auto own = name("own" + std::to_string(writer));
  const auto shared = name("shared");
  for (int round = 0; round < kRounds; ++round) {
    const std::string content = std::to_string(writer) + '-' + std::to_string(round);
    ManifestRow row = manifestOf(content, round);
    row.references = {layer("common"), layer(content)};
    index.putManifest(own, row);
    index.putTag(own, {tag("latest"), row.digest, at(round)}, "w");
    index.putTag(shared, {tag("t" + content), row.digest, at(round)}, "w");
    const auto manifest = index.manifest(own, row.digest);
    const auto newest = index.history(own, tag("latest"), 1);
    const auto pointing = index.tagsOf(shared, row.digest);
    const bool seen = manifest && manifest->references.size() == 2 && newest.size() == 1 &&
                      newest.front().digest == row.digest && pointing.size() == 1;
    missed += seen ? 0 : 1;
  }
}

// Lists are sorted, and a manifest is never seen without its references.
void readUntil(Index& index, const std::atomic<bool>& done, std::atomic<int>& wrong) {
  while (!done) {
    const auto tags = index.tags(name("shared"), {"", 1000});
    const bool sorted = std::is_sorted(tags.begin(), tags.end(),
                                       [](const auto& a, const auto& b) { return a.tag.text() < b.tag.text(); });
    const auto manifests = index.manifests(name("own0"), {"", 1000});
    const bool whole =
        std::all_of(manifests.begin(), manifests.end(), [](const auto& row) { return row.references.size() == 2; });
    const auto catalogue = index.repositories({"", 100}, {});
    wrong += sorted && whole && catalogue.size() <= kWriters + 1 ? 0 : 1;
  }
}

TEST_P(Concurrency, ReadersAndWritersSeeEveryWriteWholeAndAtOnce) {
  std::atomic<bool> done{false};
  std::atomic<int> missed{0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  std::vector<std::thread> writers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&] { readUntil(index(), done, wrong); });
  }
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i] { pushAndLook(index(), i, missed); });
  }
  for (auto& thread : writers) {
    thread.join();
  }
  done = true;
  for (auto& thread : readers) {
    thread.join();
  }
  EXPECT_EQ(missed, 0);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(index().statistics().manifests, static_cast<std::uint64_t>(kWriters * kRounds));
  EXPECT_EQ(index().tags(name("shared"), {"", 10'000}).size(), static_cast<std::size_t>(kWriters * kRounds));
  EXPECT_EQ(index().history(name("own0"), tag("latest"), 1000).size(), static_cast<std::size_t>(kRounds));
}

TEST_P(Concurrency, DirtyMarksOfManyThreadsAreAllKept) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kWriters; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 10; ++round) {
        index().markDirty(name("r" + std::to_string(i) + "-" + std::to_string(round)));
        index().markDirty(name("fleeting" + std::to_string(i)));
        index().clearDirty(name("fleeting" + std::to_string(i)));
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(index().dirtyRepositories().size(), static_cast<std::size_t>(kWriters * 10));
}

INSTANTIATE_TEST_SUITE_P(Index, Concurrency, ::testing::ValuesIn(indexesUnderTest()),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace rha::index::test
