#include <atomic>
#include <functional>

#include "contract/storage/storage_contract.h"

namespace rha::storage::test {
namespace {

class StorageConcurrency : public StorageContract {
 protected:
  // Runs `work(number)` on `count` threads at once; a StorageError is a failure of the test.
  static void onThreads(int count, const std::function<void(int)>& work) {
    std::vector<std::jthread> threads;
    threads.reserve(static_cast<std::size_t>(count));
    for (int number = 0; number < count; ++number) {
      threads.emplace_back([&work, number] {
        try {
          work(number);
        } catch (const std::exception& error) {
          ADD_FAILURE() << "thread " << number << ": " << error.what();
        }
      });
    }
  }
};
RHA_ON_EACH_DRIVER(StorageConcurrency);

TEST_P(StorageConcurrency, ReadersSeeTheOldOrTheNewBytesNeverAMixture) {
  constexpr int kRounds = 100;
  const std::string contents[] = {std::string(70000, 'a'), std::string(30000, 'b')};
  put("tag/link", contents[0]);
  std::atomic<bool> done{false};
  onThreads(4, [&](int number) {
    if (number == 0) {
      for (int round = 0; round < kRounds; ++round) {
        driver().put(path("tag/link"), contents[round % 2], Durability::Relaxed);
      }
      done = true;
      return;
    }
    while (!done) {
      const auto found = get("tag/link");
      ASSERT_TRUE(found);
      ASSERT_TRUE(*found == contents[0] || *found == contents[1]) << found->size();
      const auto source = driver().open(path("tag/link"), std::nullopt);
      ASSERT_TRUE(source);
      const std::string streamed = base::readAll(*source, kMax);
      ASSERT_TRUE(streamed == contents[0] || streamed == contents[1]) << streamed.size();
    }
  });
}

TEST_P(StorageConcurrency, ThreadsOnDistinctPathsDoNotDisturbEachOther) {
  onThreads(8, [&](int number) {
    const std::string name = "dir-" + std::to_string(number);
    for (int i = 0; i < 10; ++i) {
      const std::string bytes = pattern(1000, static_cast<std::uint32_t>(number * 100 + i));
      put(name + "/a/b/link", bytes);
      EXPECT_EQ(get(name + "/a/b/link"), bytes);
      EXPECT_TRUE(driver().remove(path(name + "/a/b/link")));
    }
  });
}

TEST_P(StorageConcurrency, OfManyPutsToOnePathOneWins) {
  onThreads(8, [&](int number) {
    for (int i = 0; i < 10; ++i) {
      put("same/link", std::to_string(number) + ":" + std::to_string(i));
    }
  });
  const auto found = get("same/link");
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->ends_with(":9")) << *found;
}

TEST_P(StorageConcurrency, PutsSucceedWhileTheirFoldersAreRemoved) {
  std::atomic<int> busy{3};
  onThreads(4, [&](int number) {
    if (number == 0) {
      while (busy > 0) {
        driver().removeTree(path("race"));
      }
      return;
    }
    for (int i = 0; i < 30; ++i) {
      driver().put(path("race/a/b/" + std::to_string(number)), "x", Durability::Relaxed);
    }
    --busy;
  });
  driver().removeTree(path("race"));
  put("race/a/b/c", "x");
  EXPECT_EQ(get("race/a/b/c"), "x");
}

TEST_P(StorageConcurrency, ConcurrentUploadsOfOneBlobAllSucceed) {
  const std::string bytes = pattern(300000);
  onThreads(6, [&](int number) {
    const auto session = driver().startUpload(path("_uploads/" + std::to_string(number)));
    for (std::size_t offset = 0; offset < bytes.size(); offset += 10000) {
      append(*session, std::string_view(bytes).substr(offset, 10000));
    }
    session->commit(path("blob/data"));
    EXPECT_EQ(read("blob/data"), bytes);
  });
  expectListing(path("_uploads"), {});
  expectListing(path("blob"), {"data"});
}

TEST_P(StorageConcurrency, ChecksMayRunSideBySide) {
  onThreads(4, [&](int) { driver().check(); });
}

}  // namespace
}  // namespace rha::storage::test
