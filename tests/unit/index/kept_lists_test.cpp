#include "index/kept_lists.h"

#include <gtest/gtest.h>

#include "support/temporary_folder.h"

namespace rha::index {
namespace {

class KeptListsTest : public testing::Test {
 protected:
  KeptListsTest() { writer_.execute("CREATE TABLE t (x INTEGER)"); }

  std::string get(Connection& connection, const std::string& key = "a/b", const std::string& text = "made") {
    return lists_.get(connection, key, [&] {
      ++made_;
      return text + std::to_string(made_);
    });
  }

  test::TemporaryFolder folder_;
  Connection writer_{{.path = folder_.path() / "file"}};
  Connection reader_{{.path = folder_.path() / "file", .mode = Connection::Mode::Read}};
  Connection other_{{.path = folder_.path() / "file", .mode = Connection::Mode::Read}};
  KeptLists lists_;
  int made_ = 0;
};

TEST_F(KeptListsTest, AListIsMadeOnceUntilSomethingIsCommitted) {
  EXPECT_EQ(get(reader_), "made1");
  EXPECT_EQ(get(reader_), "made1");
  writer_.execute("INSERT INTO t VALUES (1)");
  EXPECT_EQ(get(reader_), "made2");
  EXPECT_EQ(get(reader_), "made2");
}

TEST_F(KeptListsTest, EachConnectionKeepsItsLastListAlone) {
  EXPECT_EQ(get(reader_), "made1");
  EXPECT_EQ(get(other_), "made2");
  EXPECT_EQ(get(reader_, "c/d"), "made3");
  EXPECT_EQ(get(other_), "made2");
  EXPECT_EQ(get(reader_), "made4");
}

TEST_F(KeptListsTest, WhatIsTooLargeIsNotKept) {
  const std::string large(KeptLists::kMostBytes, 'x');
  get(reader_, "a/b", large);
  EXPECT_EQ(get(reader_, "a/b", "small"), "small2");
}

}  // namespace
}  // namespace rha::index
