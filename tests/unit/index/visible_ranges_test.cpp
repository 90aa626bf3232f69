#include "index/visible_ranges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace rha::index::test {
namespace {

// What index.h says of Visibility, word by word.
bool visible(const Visibility& visibility, const std::string& name) {
  if (visibility.rules.empty()) {
    return true;
  }
  const Visibility::Rule* best = nullptr;
  for (const auto& rule : visibility.rules) {
    const bool matches = name.starts_with(rule.prefix) || name + '/' == rule.prefix;
    if (matches && (best == nullptr || rule.prefix.size() >= best->prefix.size())) {
      best = &rule;
    }
  }
  return best != nullptr && best->visible;
}

bool inRanges(const std::vector<NameRange>& ranges, const std::string& name) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const NameRange& range) { return range.from <= name && name < range.to; });
}

TEST(VisibleRanges, WithoutRulesThereIsOneRangeOfAll) {
  EXPECT_EQ(visibleRanges({}), (std::vector<NameRange>{{"", "~"}}));
  EXPECT_EQ(visibleRanges({{{"", true}}}), (std::vector<NameRange>{{"", "~"}}));
  EXPECT_TRUE(visibleRanges({{{"", false}}}).empty());
}

TEST(VisibleRanges, AHiddenFolderIsTwoGaps) {
  EXPECT_EQ(visibleRanges({{{"", true}, {"r/", false}}}),
            (std::vector<NameRange>{{"", "r"}, {"r ", "r/"}, {"r0", "~"}}));
}

TEST(VisibleRanges, RulesThatMatchNoNameChangeNothing) {
  EXPECT_EQ(visibleRanges({{{"", true}, {"\xff", false}, {"a\xff", false}, {"~", false}, {" ", false}}}),
            (std::vector<NameRange>{{"", "~"}}));
}

TEST(VisibleRanges, HoldExactlyTheVisibleNamesWhateverTheRules) {
  constexpr std::string_view kParts[] = {"a", "b", "ab", "a-b", "a.b", "z", "0"};
  std::mt19937 random(7);
  const auto below = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  const auto path = [&] {
    std::string text(kParts[below(std::size(kParts))]);
    for (std::size_t depth = below(3); depth > 0; --depth) {
      text += '/' + std::string(kParts[below(std::size(kParts))]);
    }
    return text;
  };
  for (int round = 0; round < 500; ++round) {
    Visibility visibility;
    for (std::size_t count = below(8); count > 0; --count) {
      const std::size_t kind = below(6);
      visibility.rules.push_back({kind == 0 ? "" : kind == 1 ? path() : path() + '/', below(2) == 0});
    }
    const auto ranges = visibleRanges(visibility);
    for (std::size_t i = 1; i < ranges.size(); ++i) {
      ASSERT_LT(ranges[i - 1].to, ranges[i].from) << "sorted, disjoint and as few as may be";
    }
    for (int i = 0; i < 200; ++i) {
      const std::string name = path();
      ASSERT_EQ(inRanges(ranges, name), visible(visibility, name)) << name << " in round " << round;
    }
  }
}

}  // namespace
}  // namespace rha::index::test
