#include "access/yaml_reader.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "config/value_reader.h"

namespace rha::access {
namespace {

using config::inQuotes;

constexpr std::size_t kMostErrors = 300;
constexpr std::size_t kMostEntries = 10'000;  // of any one list: far more than a site has

std::vector<std::string_view> namesOf(const YamlReader::Fields& fields) {
  std::vector<std::string_view> names;
  names.reserve(fields.size());
  for (const auto& [name, field] : fields) {
    names.push_back(name);
  }
  return names;
}

}  // namespace

void YamlReader::complain(int line, std::string text) {
  if (++errorCount_ <= kMostErrors) {
    errors_.push_back({line, std::move(text)});
  }
}

void YamlReader::readMap(const YAML::Node& node, const std::string& where, const Fields& fields) {
  if (!node.IsMap()) {
    return complain(node, where + " must be a map of " + config::joinWords(namesOf(fields)));
  }
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
    const auto field = fields.find(key);
    if (field == fields.end()) {
      complain(entry.first, "unknown key " + inQuotes(key) + " in " + where + didYouMean(key, namesOf(fields)));
    } else if (!seen.insert(key).second) {
      complain(entry.first, "duplicate key " + inQuotes(key) + " in " + where);
    } else if (!entry.second.IsNull()) {
      field->second(entry.second);
    }
  }
}

void YamlReader::readList(const YAML::Node& node, const std::string& where, const Field& item) {
  if (!node.IsSequence()) {
    return complain(node, where + " must be a list");
  }
  if (node.size() > kMostEntries) {
    return complain(node, where + " has more than " + std::to_string(kMostEntries) + " entries");
  }
  for (const YAML::Node& each : node) {
    item(each);
  }
}

std::string YamlReader::scalar(const YAML::Node& node, const std::string& where) {
  if (!node.IsScalar()) {
    complain(node, where + " must be a word, not a " + (node.IsMap() ? "map" : "list"));
    return "";
  }
  return node.Scalar();
}

std::uint64_t YamlReader::number(const YAML::Node& node, const std::string& where, std::uint64_t least,
                                 std::uint64_t most) {
  const std::string text = scalar(node, where);
  const auto value = base::parseUnsigned(text);
  if (node.IsScalar() && (!value || *value < least || *value > most)) {
    complain(node, where + " must be a whole number from " + std::to_string(least) + " to " + std::to_string(most) +
                       ", not " + inQuotes(text));
    return 0;
  }
  return value.value_or(0);
}

config::SettingErrors YamlReader::takeErrors() {
  std::stable_sort(errors_.begin(), errors_.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
  if (errorCount_ > errors_.size()) {
    errors_.push_back({0, std::to_string(errorCount_ - errors_.size()) + " more errors are not shown"});
  }
  return std::move(errors_);
}

std::string didYouMean(std::string_view text, const std::vector<std::string_view>& names) {
  const std::string_view meant = base::nearest(text, names);
  return meant.empty() ? "" : " (did you mean " + inQuotes(meant) + "?)";
}

}  // namespace rha::access
