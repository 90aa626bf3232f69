#include "support/registry_under_test.h"

#include "index/sqlite_index.h"

namespace rha::test {

std::unique_ptr<index::Index> RegistryUnderTest::openIndex(const std::filesystem::path& path) {
  auto index = std::make_unique<index::SqliteIndex>(index::SqliteIndexSettings{.path = path});
  index->open();
  return index;
}

}  // namespace rha::test
