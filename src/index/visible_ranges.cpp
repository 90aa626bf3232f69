#include "index/visible_ranges.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace rha::index {
namespace {

// Greater than every name, and less than every character of one ('-' is the least, 'z' the greatest).
constexpr const char* kEnd = "~";
constexpr char kJustAfter = ' ';

using Rules = std::map<std::string, bool, std::less<>>;

// The first text after all that begin with `prefix`.
std::string endOf(const std::string& prefix) {
  if (prefix.empty()) {
    return kEnd;
  }
  std::string end = prefix;
  ++end.back();
  return end;
}

// A prefix with a character that stands in no name matches none; the rest of this file may then count on the order of
// characters above.
bool canMatch(std::string_view prefix) {
  return std::all_of(prefix.begin(), prefix.end(), [](char c) { return c >= '-' && c <= 'z'; });
}

// All places where what is visible may change.
std::set<std::string> boundaries(const Rules& rules) {
  std::set<std::string> at{""};
  for (const auto& [prefix, visible] : rules) {
    at.insert(prefix);
    at.insert(endOf(prefix));
    if (prefix.ends_with('/')) {
      const std::string own = prefix.substr(0, prefix.size() - 1);
      at.insert(own);
      at.insert(own + kJustAfter);
    }
  }
  at.erase(kEnd);
  return at;
}

bool visibleAt(const Rules& rules, const std::string& name) {
  if (const auto own = rules.find(name + '/'); own != rules.end()) {
    return own->second;
  }
  for (std::size_t length = name.size() + 1; length-- > 0;) {
    const auto rule = rules.find(std::string_view(name).substr(0, length));
    if (rule != rules.end()) {
      return rule->second;
    }
  }
  return false;
}

}  // namespace

std::vector<NameRange> visibleRanges(const Visibility& visibility) {
  if (visibility.rules.empty()) {
    return {{"", kEnd}};
  }
  Rules rules;
  for (const auto& rule : visibility.rules) {
    if (canMatch(rule.prefix)) {
      rules.insert_or_assign(rule.prefix, rule.visible);
    }
  }
  // Between two boundaries every name is matched by the same rules as the first of them.
  std::vector<NameRange> ranges;
  const auto at = boundaries(rules);
  for (auto from = at.begin(); from != at.end(); ++from) {
    const auto next = std::next(from);
    const std::string to = next == at.end() ? kEnd : *next;
    if (!visibleAt(rules, *from)) {
      continue;
    }
    if (!ranges.empty() && ranges.back().to == *from) {
      ranges.back().to = to;
    } else {
      ranges.push_back({*from, to});
    }
  }
  return ranges;
}

}  // namespace rha::index
