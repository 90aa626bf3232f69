#include "index/writer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>

#include "support/temporary_folder.h"

namespace rha::index::test {
namespace {

class WriterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Connection connection({.path = folder_.path() / "file.db"});
    connection.execute("CREATE TABLE word (text TEXT UNIQUE)");
    sqlite3_commit_hook(
        connection.handle(),
        [](void* count) {
          ++*static_cast<std::atomic<int>*>(count);
          return 0;
        },
        &commits_);
    writer_.start(std::move(connection));
  }

  static Writer::Work insert(const std::string& word) {
    return [word](Connection& connection) { connection.query("INSERT INTO word VALUES (?)", word).run(); };
  }
  std::int64_t count() {
    std::int64_t found = 0;
    writer_.run([&](Connection& connection) { found = connection.number("SELECT count(*) FROM word"); });
    return found;
  }

  // Runs each work on a thread of its own, all of them waiting while the writer is busy; returns what each threw.
  std::vector<std::string> runTogether(const std::vector<Writer::Work>& works) {
    std::promise<void> release;
    std::promise<void> busy;
    auto blocker = std::async(std::launch::async, [&] {
      writer_.runAlone([&](Connection&) {
        busy.set_value();
        release.get_future().wait();
      });
    });
    busy.get_future().wait();
    std::vector<std::future<std::string>> results;
    for (const auto& work : works) {
      results.push_back(std::async(std::launch::async, [this, &work]() -> std::string {
        try {
          writer_.run(work);
          return "";
        } catch (const std::exception& error) {
          return error.what();
        }
      }));
    }
    waitUntilQueued(works.size());
    release.set_value();
    blocker.get();
    std::vector<std::string> texts;
    for (auto& result : results) {
      texts.push_back(result.get());
    }
    return texts;
  }

  void waitUntilQueued(std::size_t jobs) {
    while (writer_.waiting() < jobs) {
      std::this_thread::yield();
    }
  }

  rha::test::TemporaryFolder folder_;
  std::atomic<int> commits_{0};
  Writer writer_;
};

TEST_F(WriterTest, WorkThatWaitsSharesOneTransaction) {
  std::vector<Writer::Work> works;
  for (int i = 0; i < 20; ++i) {
    works.push_back(insert(std::to_string(i)));
  }
  commits_ = 0;
  for (const auto& thrown : runTogether(works)) {
    EXPECT_EQ(thrown, "");
  }
  EXPECT_EQ(commits_, 1);
  EXPECT_EQ(count(), 20);
}

TEST_F(WriterTest, WorkThatFailsHarmsNoOther) {
  const auto thrown = runTogether({insert("a"),
                                   [](Connection& connection) {
                                     connection.query("INSERT INTO word VALUES ('lost')").run();
                                     throw std::runtime_error("on purpose");
                                   },
                                   insert("b")});
  EXPECT_EQ(thrown, (std::vector<std::string>{"", "on purpose", ""}));
  EXPECT_EQ(count(), 2);
}

TEST_F(WriterTest, AFailureOfSqliteSaysWhatAndWhere) {
  writer_.run(insert("a"));
  try {
    writer_.run(insert("a"));
    FAIL() << "the word is not unique";
  } catch (const IndexError& error) {
    EXPECT_FALSE(error.needsRebuild());
    EXPECT_NE(std::string(error.what()).find("file.db"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("UNIQUE"), std::string::npos) << error.what();
  }
  writer_.run(insert("b"));
  EXPECT_EQ(count(), 2);
}

TEST_F(WriterTest, WorkAloneIsOutsideOfAnyTransaction) {
  bool inside = true;
  writer_.runAlone([&](Connection& connection) { inside = connection.inTransaction(); });
  EXPECT_FALSE(inside);
  writer_.run([&](Connection& connection) { inside = connection.inTransaction(); });
  EXPECT_TRUE(inside);
}

TEST_F(WriterTest, WorkOnAStoppedWriterIsRefused) {
  writer_.run(insert("a"));
  writer_.stop();
  writer_.stop();
  EXPECT_THROW(writer_.run(insert("b")), IndexError);
}

TEST_F(WriterTest, AStatementUsedTwiceAtOnceIsAProgrammingError) {
  writer_.run(insert("a"));
  EXPECT_THROW(writer_.run([](Connection& connection) {
    auto outer = connection.query("SELECT text FROM word");
    outer.step();
    connection.query("SELECT text FROM word").step();
  }),
               std::logic_error);
}

}  // namespace
}  // namespace rha::index::test
