#include "storage/storage_path.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace rha::storage {
namespace {

TEST(StoragePath, GoodPathsPass) {
  for (const char* good : {"a", "a/b", "docker/registry/v2/blobs", "a.b", "..a", "a..", "...", "_x/-y/@z"}) {
    EXPECT_NO_THROW(requireValidPath(good)) << good;
  }
  EXPECT_NO_THROW(requireValidPath(std::string(1024, 'a')));
}

TEST(StoragePath, BadPathsAreProgrammingErrors) {
  for (const char* bad : {"", "/", "/a", "a/", "a//b", ".", "..", "a/.", "a/..", "../a", "./a", "a/../b"}) {
    EXPECT_THROW(requireValidPath(bad), std::logic_error) << bad;
  }
  EXPECT_THROW(requireValidPath(std::string(1025, 'a')), std::logic_error);
  EXPECT_THROW(requireValidPath(std::string_view("a\0", 2)), std::logic_error);
}

TEST(StoragePath, TheParentIsAllBeforeTheLastPart) {
  EXPECT_EQ(parentOf("a/b/c"), "a/b");
  EXPECT_EQ(parentOf("a"), "");
}

TEST(StoragePath, WithinGoesByWholeParts) {
  EXPECT_TRUE(isWithin("a/b", "a"));
  EXPECT_TRUE(isWithin("a", "a"));
  EXPECT_FALSE(isWithin("ab", "a"));
  EXPECT_FALSE(isWithin("a", "a/b"));
}

}  // namespace
}  // namespace rha::storage
