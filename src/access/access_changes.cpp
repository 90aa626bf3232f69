#include "access/access_changes.h"

#include <algorithm>

namespace rha::access {
namespace {

// Compares two lists by a name; `label` gives the text for an item, `changed` the end of the line when it differs.
template <typename T, typename Key, typename Label>
void compare(const std::vector<T>& before, const std::vector<T>& after, Key key, Label label, const char* changed,
             std::vector<std::string>& lines) {
  const auto findIn = [&](const std::vector<T>& list, const T& item) {
    return std::find_if(list.begin(), list.end(), [&](const T& each) { return key(each) == key(item); });
  };
  for (const T& item : after) {
    const auto old = findIn(before, item);
    if (old == before.end()) {
      lines.push_back(label(item) + " added");
    } else if (!(*old == item)) {
      lines.push_back(label(item) + changed);
    }
  }
  for (const T& item : before) {
    if (findIn(after, item) == after.end()) {
      lines.push_back(label(item) + " removed");
    }
  }
}

std::string modeText(const Mode& mode) {
  std::string text = mode.role == Role::Passive ? "passive, active is " + mode.activeUrl : "active";
  return text + (mode.readOnly ? ", read-only" : "");
}

}  // namespace

std::vector<std::string> describeChanges(const AccessDocument& before, const AccessDocument& after) {
  std::vector<std::string> lines;
  compare(
      before.accounts, after.accounts, [](const Account& each) { return each.name; },
      [](const Account& each) { return "account " + each.name; }, ": passwords changed", lines);
  compare(
      before.rules, after.rules, [](const Rule& each) { return each.nameSpace; },
      [](const Rule& each) { return "rule \"" + each.nameSpace + '"'; }, " changed", lines);
  compare(
      before.uploaders, after.uploaders, [](const Uploader& each) { return each.host; },
      [](const Uploader& each) { return "uploader " + each.host; }, " changed", lines);
  if (!(before.catalog == after.catalog)) {
    lines.emplace_back("catalog changed");
  }
  if (before.trustedProxies != after.trustedProxies) {
    lines.emplace_back("trusted_proxies changed");
  }
  if (before.challengeHosts != after.challengeHosts) {
    lines.emplace_back("challenge_hosts changed");
  }
  compare(
      before.limits, after.limits, [](const ClientLimit& each) { return each.name; },
      [](const ClientLimit& each) { return "limit " + each.name; }, " changed", lines);
  if (!(before.mode == after.mode)) {
    lines.push_back("mode is now " + modeText(after.mode) + " (was " + modeText(before.mode) + ")");
  }
  return lines;
}

}  // namespace rha::access
