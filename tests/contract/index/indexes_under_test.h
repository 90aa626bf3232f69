// The indexes that the contract suite runs on. A new implementation adds an IndexUnderTest and one line in
// indexes_under_test.cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "index/index.h"

namespace rha::index::test {

// An empty index with its files, made anew for each test; the files are gone with it.
class IndexUnderTest {
 public:
  IndexUnderTest() = default;
  IndexUnderTest(const IndexUnderTest&) = delete;
  IndexUnderTest& operator=(const IndexUnderTest&) = delete;
  virtual ~IndexUnderTest() = default;

  virtual Index& index() = 0;
  // The same index after its process ended and started again. Objects from before are gone.
  virtual Index& reopened() = 0;
};

struct IndexFactory {
  std::string name;  // letters and digits
  std::unique_ptr<IndexUnderTest> (*make)();
};

const std::vector<IndexFactory>& indexesUnderTest();

}  // namespace rha::index::test
