#include "base/debian_version.h"

#include <algorithm>

namespace rha::base {
namespace {

struct Version {
  std::string_view epoch;
  std::string_view upstream;
  std::string_view revision;
};

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Version divide(std::string_view text) {
  Version version;
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && colon > 0 && std::all_of(text.begin(), text.begin() + colon, isDigit)) {
    version.epoch = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  const auto hyphen = text.rfind('-');
  version.upstream = text.substr(0, hyphen);
  if (hyphen != std::string_view::npos) {
    version.revision = text.substr(hyphen + 1);
  }
  return version;
}

// The weight of the first character among characters that are no digits; a digit or the end closes them.
int weight(std::string_view text) {
  if (text.empty() || isDigit(text.front())) {
    return 0;
  }
  if (text.front() == '~') {
    return -1;
  }
  constexpr int kAfterLetters = 256;
  const int code = static_cast<unsigned char>(text.front());
  return isLetter(text.front()) ? code : code + kAfterLetters;
}

void skipFirst(std::string_view& text) { text.remove_prefix(text.empty() ? 0 : 1); }

// Takes the digits at the beginning, without leading zeros: then the longer number is the larger one.
std::string_view takeNumber(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), isDigit);
  std::string_view number = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(number.size());
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
  return number;
}

std::weak_ordering compareNumbers(std::string_view a, std::string_view b) {
  return a.size() != b.size() ? a.size() <=> b.size() : a <=> b;
}

std::weak_ordering comparePart(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    while ((!a.empty() && !isDigit(a.front())) || (!b.empty() && !isDigit(b.front()))) {
      if (const auto order = weight(a) <=> weight(b); std::is_neq(order)) {
        return order;
      }
      skipFirst(a);
      skipFirst(b);
    }
    if (const auto order = compareNumbers(takeNumber(a), takeNumber(b)); std::is_neq(order)) {
      return order;
    }
  }
  return std::weak_ordering::equivalent;
}

}  // namespace

std::weak_ordering compareDebianVersions(std::string_view a, std::string_view b) {
  const Version left = divide(a);
  const Version right = divide(b);
  if (const auto order = comparePart(left.epoch, right.epoch); std::is_neq(order)) {
    return order;
  }
  if (const auto order = comparePart(left.upstream, right.upstream); std::is_neq(order)) {
    return order;
  }
  return comparePart(left.revision, right.revision);
}

}  // namespace rha::base
