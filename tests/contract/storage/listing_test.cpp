#include "contract/storage/storage_contract.h"

namespace rha::storage::test {
namespace {

class StorageListings : public StorageContract {};
RHA_ON_EACH_DRIVER(StorageListings);

TEST_P(StorageListings, AFolderListsItsObjectsAndFoldersOnce) {
  put("tags/v1/current/link", "x");
  put("tags/v1/index/link", "x");
  put("tags/v10/current/link", "x");
  put("tags/a.b/current/link", "x");
  put("tags/a/current/link", "x");
  put("tags/a-b", "x");
  put("tags/v", "x");
  expectListing(path("tags"), {"v1/", "v10/", "a.b/", "a/", "a-b", "v"});
}

TEST_P(StorageListings, OnlyTheFolderItselfIsListedNotItsNamesakes) {
  put("tags/v1", "x");
  put("tags2/v2", "x");
  put("tags.old/v3", "x");
  put("tags-x", "x");
  expectListing(path("tags"), {"v1"});
  expectListing(folder(), {"tags/", "tags2/", "tags.old/", "tags-x"});
}

TEST_P(StorageListings, AMissingFolderListsNothing) { expectListing(path("none"), {}); }

TEST_P(StorageListings, AnObjectListsNothing) {
  put("a", "x");
  expectListing(path("a"), {});
}

TEST_P(StorageListings, RemovedObjectsAreNotListed) {
  put("f/a", "x");
  put("f/b", "x");
  driver().remove(path("f/a"));
  expectListing(path("f"), {"b"});
  driver().removeTree(path("f"));
  expectListing(path("f"), {});
}

TEST_P(StorageListings, AReplacedObjectIsListedOnce) {
  put("f/a", "x");
  put("f/a", "y");
  expectListing(path("f"), {"a"});
}

TEST_P(StorageListings, TheVisitorStopsTheListing) {
  put("f/a", "x");
  put("f/b", "x");
  put("f/c", "x");
  expectListing(path("f"), {"a", "b", "c"});
  int visits = 0;
  driver().list(path("f"), [&](const ListEntry&) { return ++visits < 2; });
  EXPECT_EQ(visits, 2);
}

TEST_P(StorageListings, TheVisitorMayUseTheDriver) {
  put("f/a", "x");
  put("f/b", "y");
  expectListing(path("f"), {"a", "b"});
  std::set<std::string> contents;
  driver().list(path("f"), [&](const ListEntry& entry) {
    contents.insert(get("f/" + entry.name).value_or("(none)"));
    driver().remove(path("f/" + entry.name));
    return true;
  });
  EXPECT_EQ(contents, (std::set<std::string>{"x", "y"}));
}

TEST_P(StorageListings, AnExceptionOfTheVisitorComesThrough) {
  put("f/a", "x");
  expectListing(path("f"), {"a"});
  EXPECT_THROW(driver().list(path("f"), [](const ListEntry&) -> bool { throw std::range_error("enough"); }),
               std::range_error);
}

TEST_P(StorageListings, ManyEntriesAreAllListed) {
  std::multiset<std::string> expected;
  for (int i = 0; i < 300; ++i) {
    const std::string name = "tag-" + std::to_string(i);
    driver().put(path("f/" + name), "x", Durability::Relaxed);
    expected.insert(name);
  }
  expectListing(path("f"), expected);
  EXPECT_EQ(driver().removeTree(path("f")), 300U);
}

}  // namespace
}  // namespace rha::storage::test
