#include "contract/index/indexes_under_test.h"

#include "index/rebuildable_index.h"
#include "index/sqlite_index.h"
#include "support/temporary_folder.h"

namespace rha::index::test {
namespace {

class Sqlite final : public IndexUnderTest {
 public:
  Sqlite() { open(); }
  Index& index() override { return *index_; }
  Index& reopened() override {
    open();
    return *index_;
  }

 private:
  void open() {
    index_.reset();
    index_ = std::make_unique<SqliteIndex>(SqliteIndexSettings{.path = folder_.path() / "index.db"});
    index_->open();
  }
  rha::test::TemporaryFolder folder_;
  std::unique_ptr<SqliteIndex> index_;
};

// While no rebuild is under way, while one is, and as what the feed of one sees. Complete from the start: before, it
// answers no lists.
class Rebuildable : public IndexUnderTest {
 public:
  Rebuildable() {
    open();
    index_->beginRebuild();
    index_->finishRebuild();
  }
  Index& index() override { return *index_; }
  Index& reopened() override {
    open();
    return *index_;
  }

 protected:
  RebuildableIndex& rebuildable() { return *index_; }

 private:
  void open() {
    index_.reset();
    index_ = std::make_unique<RebuildableIndex>(SqliteIndexSettings{.path = folder_.path() / "index.db"});
    index_->open();
  }
  rha::test::TemporaryFolder folder_;
  std::unique_ptr<RebuildableIndex> index_;
};

class DuringRebuild final : public Rebuildable {
 public:
  DuringRebuild() { rebuildable().beginRebuild(); }
};

// What was written live while nothing was fed, put in place as a rebuild's result.
class RebuiltFromLiveWrites final : public Rebuildable {
 public:
  RebuiltFromLiveWrites() { rebuildable().beginRebuild(); }
  Index& reopened() override {
    rebuildable().finishRebuild();
    return Rebuildable::reopened();
  }
};

class Feed final : public Rebuildable {
 public:
  Feed() : feed_(&rebuildable().beginRebuild()) {}
  Index& index() override { return *feed_; }
  Index& reopened() override {
    rebuildable().finishRebuild();
    return Rebuildable::reopened();
  }

 private:
  Index* feed_;
};

template <typename Implementation>
std::unique_ptr<IndexUnderTest> make() {
  return std::make_unique<Implementation>();
}

}  // namespace

const std::vector<IndexFactory>& indexesUnderTest() {
  static const std::vector<IndexFactory> kAll{
      {"Sqlite", make<Sqlite>},
      {"Rebuildable", make<Rebuildable>},
      {"DuringRebuild", make<DuringRebuild>},
      {"RebuiltFromLiveWrites", make<RebuiltFromLiveWrites>},
      {"Feed", make<Feed>},
  };
  return kAll;
}

}  // namespace rha::index::test
