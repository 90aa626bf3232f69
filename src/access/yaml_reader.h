// YamlReader: reads maps, lists and words of a checked YAML document, and collects what is wrong with them.
//
// Internal to the reader of access.yaml (access_file.cpp). One thread.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings_check.h"

namespace rha::access {

class YamlReader {
 public:
  using Field = std::function<void(const YAML::Node& value)>;
  using Fields = std::map<std::string, Field>;

  // Beyond the first few hundred errors the rest is counted only.
  void complain(const YAML::Node& at, std::string text) { complain(at.Mark().line + 1, std::move(text)); }
  void complain(int line, std::string text);
  // Calls the field of each key that has a value; complains of unknown keys and of those that stand twice.
  void readMap(const YAML::Node& node, const std::string& where, const Fields& fields);
  // Calls `item` for each entry.
  void readList(const YAML::Node& node, const std::string& where, const Field& item);
  // The text of a scalar; "" after a complaint.
  std::string scalar(const YAML::Node& node, const std::string& where);
  // A whole number within the bounds; 0 after a complaint.
  std::uint64_t number(const YAML::Node& node, const std::string& where, std::uint64_t least, std::uint64_t most);

  [[nodiscard]] std::size_t errorCount() const { return errorCount_; }
  // Sorted by line.
  [[nodiscard]] config::SettingErrors takeErrors();

 private:
  config::SettingErrors errors_;
  std::size_t errorCount_ = 0;
};

// " (did you mean \"a\"?)", or "" when no name is near.
std::string didYouMean(std::string_view text, const std::vector<std::string_view>& names);

}  // namespace rha::access
