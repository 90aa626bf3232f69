// Visible ranges: a Visibility as the runs of names it shows, so that the catalogue is read by seeks and a hidden
// namespace costs one of them, however many repositories it holds.
//
// Pure; thread-safe; never fails. O(r log r) for r rules.
#pragma once

#include <string>
#include <vector>

#include "index/index.h"

namespace rha::index {

// The names with from <= name < to, by bytes.
struct NameRange {
  std::string from;
  std::string to;
  bool operator==(const NameRange&) const = default;
};

// Sorted, disjoint, none empty.
std::vector<NameRange> visibleRanges(const Visibility& visibility);

}  // namespace rha::index
