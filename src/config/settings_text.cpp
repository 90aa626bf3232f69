#include "config/settings_text.h"

#include <yaml-cpp/yaml.h>

#include "base/text.h"
#include "config/value_reader.h"
#include "config/value_text.h"

namespace rha::config {
namespace {

// The accessors ask for something writable; nothing is written through them here.
StartupSettings& writable(const StartupSettings& settings) {
  return const_cast<StartupSettings&>(settings);  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

YAML::Node valueNode(const Setting& setting, const StartupSettings& settings);

void setNode(const YAML::Node& root, std::string_view path, const YAML::Node& value) {
  YAML::Node node = root;
  const auto keys = base::split(path, '.');
  for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
    node.reset(node[std::string(keys[i])]);
  }
  node[std::string(keys.back())] = value;
}

// Name, namespaces, driver, and that driver's section only.
YAML::Node routeNode(const StorageRoute& route) {
  YAML::Node node(YAML::NodeType::Map);
  node["name"] = route.name;
  for (const std::string& nameSpace : route.namespaces) {
    node["namespaces"].push_back(nameSpace);
  }
  node["namespaces"].SetStyle(YAML::EmitterStyle::Flow);
  StartupSettings settings;
  settings.storage = route.storage;
  for (const Setting& setting : allSettings()) {
    if (setting.path == "storage.driver" || setting.path.starts_with("storage." + route.storage.driver + '.')) {
      setNode(node, setting.path.substr(std::string_view("storage.").size()), valueNode(setting, settings));
    }
  }
  return node;
}

YAML::Node valueNode(const Setting& setting, const StartupSettings& settings) {
  struct Visitor {
    const Setting& setting;
    StartupSettings& settings;
    YAML::Node operator()(bool& (*field)(StartupSettings&)) const { return YAML::Node(field(settings)); }
    YAML::Node operator()(std::uint64_t& (*field)(StartupSettings&)) const {
      const std::uint64_t value = field(settings);
      return YAML::Node(setting.type == SettingType::Size ? formatSize(value) : std::to_string(value));
    }
    YAML::Node operator()(std::string& (*field)(StartupSettings&)) const { return YAML::Node(field(settings)); }
    YAML::Node operator()(std::chrono::milliseconds& (*field)(StartupSettings&)) const {
      return YAML::Node(formatDuration(field(settings)));
    }
    YAML::Node operator()(std::vector<std::string>& (*field)(StartupSettings&)) const {
      YAML::Node list(YAML::NodeType::Sequence);
      for (const std::string& item : field(settings)) {
        list.push_back(item);
      }
      list.SetStyle(YAML::EmitterStyle::Flow);
      return list;
    }
    YAML::Node operator()(std::vector<StorageRoute>& (*field)(StartupSettings&)) const {
      YAML::Node list(YAML::NodeType::Sequence);
      for (const StorageRoute& route : field(settings)) {
        list.push_back(routeNode(route));
      }
      return list;
    }
    YAML::Node operator()(std::vector<CertificatePair>& (*field)(StartupSettings&)) const {
      YAML::Node list(YAML::NodeType::Sequence);
      for (const CertificatePair& pair : field(settings)) {
        YAML::Node item(YAML::NodeType::Map);
        item["certificate"] = pair.certificate;
        item["key"] = pair.key;
        list.push_back(item);
      }
      list.SetStyle(YAML::EmitterStyle::Flow);
      return list;
    }
  };
  return std::visit(Visitor{setting, writable(settings)}, setting.field);
}

std::string limitsText(const Setting& setting) {
  const auto range = [](const std::string& least, const std::string& most) { return ", " + least + " to " + most; };
  const auto ms = [](std::uint64_t value) {
    return formatDuration(std::chrono::milliseconds(static_cast<std::int64_t>(value)));
  };
  switch (setting.type) {
    case SettingType::Choice:
      return ": " + joinWords(setting.choices);
    case SettingType::Count:
      return range(std::to_string(setting.least), std::to_string(setting.most));
    case SettingType::Size:
      return setting.most == std::numeric_limits<std::uint64_t>::max()
                 ? ""
                 : range(formatSize(setting.least), formatSize(setting.most));
    case SettingType::Duration:
      return range(ms(setting.least), ms(setting.most));
    default:
      return "";
  }
}

}  // namespace

std::string toYaml(const StartupSettings& settings) {
  YAML::Node root(YAML::NodeType::Map);
  for (const Setting& setting : allSettings()) {
    setNode(root, setting.path, valueNode(setting, settings));
  }
  YAML::Emitter emitter;
  emitter << root;
  return std::string(emitter.c_str()) + '\n';
}

std::string valueText(const Setting& setting, const StartupSettings& settings) {
  YAML::Emitter emitter;
  emitter << valueNode(setting, settings);
  return emitter.c_str();
}

std::string settingsAsRoff() {
  const StartupSettings defaults;
  std::string out;
  for (const Setting& setting : allSettings()) {
    out += ".TP\n.B " + escapeRoff(setting.path) + "\n";
    out += escapeRoff(setting.help) + "\n.br\n";
    out += escapeRoff(std::string(describe(setting.type)) + limitsText(setting)) +
           ". Default: " + escapeRoff(valueText(setting, defaults)) + ". Since " + escapeRoff(setting.since) +
           (setting.reloadable == Reloadable::Yes ? ". Reloadable.\n" : ".\n");
  }
  return out;
}

std::string escapeRoff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if ((c == '.' || c == '\'') && out.empty()) {
      out += std::string("\\&") + c;
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace rha::config
