// IndexContract: the fixture of the contract cases, with a small language for them.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "contract/index/indexes_under_test.h"
#include "support/index_language.h"

namespace rha::index::test {

inline void PrintTo(const IndexFactory& factory, std::ostream* out) { *out << factory.name; }

class IndexContract : public ::testing::TestWithParam<IndexFactory> {
 protected:
  Index& index() { return underTest_->index(); }
  IndexUnderTest& underTest() { return *underTest_; }

  void putTag(std::string_view repository, std::string_view tag, std::string_view content, int second = 1,
              std::string_view actor = "ann") {
    index().putTag(name(repository), {test::tag(tag), digest(content), at(second)}, actor);
  }
  void removeTag(std::string_view repository, std::string_view tag, int second = 1, std::string_view actor = "ann") {
    index().removeTag(name(repository), test::tag(tag), at(second), actor);
  }
  void touch(std::string_view repository, int second = 1) { index().touchRepository(name(repository), at(second)); }
  void put(std::string_view repository, const ManifestRow& row) { index().putManifest(name(repository), row); }

  // Names of repositories, of tags: "a b c".
  std::string catalogue(const Page& page = {"", 1000}, const Visibility& visibility = {}) {
    return joined(index().repositories(page, visibility), [](const auto& row) { return row.name.text(); });
  }
  std::string tags(std::string_view repository, const Page& page = {"", 1000}) {
    const auto rows = joined(index().tags(name(repository), page), [](const auto& row) { return row.tag.text(); });
    EXPECT_EQ(joined(index().tagNames(name(repository), page), [](const auto& text) { return text; }), rows);
    if (page.limit >= 1000) {
      EXPECT_EQ(index().joinedTagNames(name(repository), page.last, " "), rows);
    }
    return rows;
  }
  std::string history(std::string_view repository, std::string_view tag, std::uint64_t limit = 1000) {
    return describe(index().history(name(repository), test::tag(tag), limit));
  }

 private:
  std::unique_ptr<IndexUnderTest> underTest_ = GetParam().make();
};

}  // namespace rha::index::test
