// SqliteIndex beyond the contract: damage and locks met while in use, a full disk, another process, sizes, plans.
#include "index/sqlite_index.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include "index/read_queries.h"
#include "index/write_commands.h"
#include "support/index_language.h"
#include "support/temporary_folder.h"

namespace rha::index::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class SqliteIndexTest : public ::testing::Test {
 protected:
  SqliteIndexSettings settings(std::chrono::milliseconds busyTimeout = 5s) {
    return {.path = path_, .readConnections = 2, .busyTimeout = busyTimeout};
  }
  static void putTags(Index& index, std::string_view repository, int count) {
    for (int i = 0; i < count; ++i) {
      index.putTag(name(repository), {tag(std::to_string(i)), digest("x"), at(i)}, "ann");
    }
  }
  // Every page, also those that a read would not need.
  static std::string check(const fs::path& path) {
    Connection connection({.path = path});
    auto row = connection.query("PRAGMA integrity_check(1)");
    row.step();
    return std::string(row.text(0));
  }

  rha::test::TemporaryFolder folder_;
  fs::path path_ = folder_.path() / "index.db";
};

TEST_F(SqliteIndexTest, DamageMetInUseAsksForARebuildAndAnEmptyOneGoesOn) {
  {
    SqliteIndex index(settings());
    index.open();
    putTags(index, "app", 500);
  }
  {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    const auto size = static_cast<std::streamoff>(fs::file_size(path_));
    // The first pages hold the schema, which open() looks at.
    for (std::streamoff page = 20 * 4096; page < size; page += 4096) {
      file.seekp(page);
      file << std::string(256, '\xee');
    }
  }
  SqliteIndex index(settings());
  ASSERT_EQ(index.open().outcome, OpenOutcome::Opened);
  EXPECT_FALSE(index.damaged());
  try {
    index.tags(name("app"), {"", 1000});
    FAIL() << "its pages are damaged";
  } catch (const IndexError& error) {
    EXPECT_TRUE(error.needsRebuild()) << error.what();
  }
  EXPECT_TRUE(index.damaged());
  EXPECT_EQ(index.recreate().outcome, OpenOutcome::RecreatedDamaged);
  EXPECT_FALSE(index.damaged());
  EXPECT_TRUE(index.tags(name("app"), {"", 1000}).empty());
  putTags(index, "app", 3);
  EXPECT_EQ(index.tags(name("app"), {"", 1000}).size(), 3U);
}

TEST_F(SqliteIndexTest, AClosedOneRefusesInsteadOfWaiting) {
  SqliteIndex index(settings());
  index.open();
  index.close();
  index.close();
  EXPECT_THROW(index.statistics(), IndexError);
  EXPECT_THROW(index.touchRepository(name("a"), at(1)), IndexError);
}

TEST_F(SqliteIndexTest, WhileAnotherProcessWritesReadsGoOnWritesGiveUpAndDirtyMarksAreTaken) {
  SqliteIndex index(settings(50ms));
  index.open();
  index.touchRepository(name("a"), at(1));
  Connection other({.path = path_});
  other.execute("BEGIN IMMEDIATE");
  EXPECT_TRUE(index.hasRepository(name("a")));
  EXPECT_THROW(index.touchRepository(name("b"), at(1)), IndexError);
  EXPECT_FALSE(index.damaged());
  index.markDirty(name("b"));
  EXPECT_EQ(index.dirtyRepositories().size(), 1U);
  other.execute("ROLLBACK");
  index.touchRepository(name("b"), at(1));
  EXPECT_TRUE(index.hasRepository(name("b")));
}

// Stands in for a full disk: the process may not make files larger than they are. A child of its own, as the limit
// holds for all of a process.
TEST_F(SqliteIndexTest, WithoutRoomWritesFailWholeReadsGoOnAndDirtyMarksAreTaken) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    SqliteIndex index(settings());
    index.open();
    putTags(index, "app", 10);
    struct rlimit limit {};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 64 * 1024;  // less than the log needs for what follows
    ::setrlimit(RLIMIT_FSIZE, &limit);
    bool failed = false;
    try {
      putTags(index, "more", 2000);
    } catch (const IndexError& error) {
      failed = !error.needsRebuild();
    }
    const bool reads = index.tags(name("app"), {"", 100}).size() == 10;
    index.markDirty(name("more"));
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    index.touchRepository(name("later"), at(1));
    const bool again = index.hasRepository(name("later")) && index.dirtyRepositories().size() == 1;
    ::_exit(failed && reads && again ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(check(path_), "ok");
}

TEST_F(SqliteIndexTest, TwoProcessesMayWriteTheSameFile) {
  constexpr int kTags = 100;
  const pid_t child = ::fork();
  if (child == 0) {
    SqliteIndex index(settings(30s));
    index.open();
    putTags(index, "child", kTags);
    index.markDirty(name("by-child"));
    ::_exit(0);
  }
  SqliteIndex index(settings(30s));
  index.open();
  putTags(index, "parent", kTags);
  index.markDirty(name("by-parent"));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(index.tags(name("child"), {"", 1000}).size(), static_cast<std::size_t>(kTags));
  EXPECT_EQ(index.tags(name("parent"), {"", 1000}).size(), static_cast<std::size_t>(kTags));
  EXPECT_EQ(index.dirtyRepositories().size(), 2U);
  EXPECT_TRUE(filesBeside(path_, ".corrupt-").empty());
}

TEST_F(SqliteIndexTest, TwoObjectsOnOneFileSeeEachOthersWritesAtOnce) {
  SqliteIndex one(settings());
  SqliteIndex two(settings());
  one.open();
  two.open();
  for (int i = 0; i < 50; ++i) {
    const auto repository = name("r" + std::to_string(i));
    (i % 2 == 0 ? one : two).touchRepository(repository, at(i));
    EXPECT_TRUE((i % 2 == 0 ? two : one).hasRepository(repository));
  }
}

TEST_F(SqliteIndexTest, AKilledWriterLosesNothingThatWasAnswered) {
  int pipes[2];
  ASSERT_EQ(::pipe(pipes), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    SqliteIndex index(settings());
    index.open();
    for (int i = 0;; ++i) {
      index.putTag(name("app"), {tag("t" + std::to_string(i)), digest("x"), at(i)}, "ann");
      if (::write(pipes[1], "1", 1) != 1) {
        ::_exit(1);
      }
    }
  }
  ::close(pipes[1]);
  std::size_t answered = 0;
  char byte = 0;
  while (answered < 300 && ::read(pipes[0], &byte, 1) == 1) {
    ++answered;
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  while (::read(pipes[0], &byte, 1) == 1) {
    ++answered;
  }
  ::close(pipes[0]);
  SqliteIndex index(settings());
  EXPECT_EQ(index.open().outcome, OpenOutcome::Opened);
  EXPECT_GE(index.tags(name("app"), {"", 1'000'000}).size(), answered);
}

TEST_F(SqliteIndexTest, RemovingEverythingLeavesNoRowBehind) {
  SqliteIndex index(settings());
  index.open();
  for (const auto* const repository : {"a", "b"}) {
    ManifestRow row = referrerOf("s", "m", "sbom");
    row.references = {layer("one"), layer("two")};
    index.putManifest(name(repository), row);
    putTags(index, repository, 3);
  }
  index.removeManifest(name("a"), digest("m"));
  index.removeRepository(name("b"));
  index.removeRepository(name("a"));
  Connection connection({.path = path_});
  for (const auto* const query : {"SELECT count(*) FROM repository", "SELECT count(*) FROM tag",
                                  "SELECT count(*) FROM tag_event", "SELECT count(*) FROM manifest",
                                  "SELECT count(*) FROM descriptor", "SELECT count(*) FROM manifest_reference"}) {
    EXPECT_EQ(connection.number(query), 0) << query;
  }
}

// Counts the steps of SQLite's machine, which do not depend on how busy the host is.
class Cost final {
 public:
  explicit Cost(Connection& connection) : connection_(connection) {
    sqlite3_progress_handler(
        connection_.handle(), 1, [](void* steps) { return ++*static_cast<long*>(steps), 0; }, &steps_);
  }
  Cost(const Cost&) = delete;
  Cost& operator=(const Cost&) = delete;
  ~Cost() { sqlite3_progress_handler(connection_.handle(), 0, nullptr, nullptr); }
  [[nodiscard]] long steps() const { return steps_; }

 private:
  Connection& connection_;
  long steps_ = 0;
};

TEST_F(SqliteIndexTest, AHiddenNamespaceCostsASeekHoweverLargeItIs) {
  SqliteIndex index(settings());
  index.open();
  index.write([](Connection& connection) {
    for (int i = 0; i < 9000; ++i) {
      connection.query("INSERT INTO repository (name, updated_at) VALUES (?, 0)", "hidden/" + std::to_string(i)).run();
    }
  });
  index.touchRepository(name("visible"), at(1));
  Connection connection({.path = path_, .mode = Connection::Mode::Read});
  const Cost cost(connection);
  const auto page = queries::repositories(connection, {"", 100}, {{{"", true}, {"hidden/", false}}});
  EXPECT_EQ(page.size(), 1U);
  EXPECT_LT(cost.steps(), 300);
}

TEST_F(SqliteIndexTest, APageOfAnyListCostsWhatItHoldsNotWhatThereIs) {
  constexpr int kMany = 2000;
  SqliteIndex index(settings());
  index.open();
  index.write([](Connection& connection) {
    for (int i = 0; i < kMany; ++i) {
      const std::string content = std::to_string(i);
      commands::putTag(connection, name("app"), {tag(content), digest(content), at(i)}, "ann");
      commands::putTag(connection, name("app"), {tag("moving"), digest(content), at(i)}, "ann");
      commands::putManifest(connection, name("app"), referrerOf("s", content, i == 7 ? "rare" : "common"));
      commands::touchRepository(connection, name("r" + content), at(i));
    }
  });
  Connection connection({.path = path_, .mode = Connection::Mode::Read});
  const auto stepsOf = [&](const auto& read) {
    const Cost cost(connection);
    EXPECT_FALSE(read().empty());
    return cost.steps();
  };
  const Page page{"", 10};
  const auto app = name("app");
  EXPECT_LT(stepsOf([&] { return queries::repositories(connection, page, {}); }), 500);
  EXPECT_LT(stepsOf([&] { return queries::tags(connection, app, page); }), 500);
  EXPECT_LT(stepsOf([&] { return queries::tagsOf(connection, app, digest("5")); }), 500);
  EXPECT_LT(stepsOf([&] { return queries::history(connection, app, tag("moving"), 10); }), 500);
  EXPECT_LT(stepsOf([&] { return queries::manifests(connection, app, page); }), 1000);
  EXPECT_LT(stepsOf([&] { return queries::referrers(connection, app, digest("s"), "", page); }), 1000);
  // The filter looks at every referrer of that subject, but at the index alone.
  EXPECT_LT(stepsOf([&] { return queries::referrers(connection, app, digest("s"), "rare", page); }), 10 * kMany);
}

}  // namespace
}  // namespace rha::index::test
