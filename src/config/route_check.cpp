#include "config/route_check.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "config/settings_check.h"

namespace rha::config {
namespace {

constexpr std::size_t kMostRoutes = 32;
constexpr std::size_t kMostNamespaces = 256;
constexpr std::size_t kLongestRouteName = 32;
constexpr std::size_t kLongestNamespace = 255;
constexpr std::string_view kLowerCase = "abcdefghijklmnopqrstuvwxyz0123456789";

bool consistsOf(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return kLowerCase.find(c) != std::string_view::npos || more.find(c) != std::string_view::npos;
  });
}

// What is wrong with a namespace; nullopt if nothing is.
std::optional<std::string> namespaceFault(std::string_view text) {
  const bool shaped = !text.empty() && text.size() <= kLongestNamespace && consistsOf(text, "._-/") &&
                      text.front() != '/' && text.back() != '/' && text.find("//") == std::string_view::npos;
  if (shaped) {
    return std::nullopt;
  }
  return "storage.routes: a namespace is the beginning of repository names, such as \"restricted\" or "
         "\"team/project\", not " +
         inQuotes(text);
}

class RouteReader final {
 public:
  explicit RouteReader(const Complain& complain) : complain_(complain) {}

  std::optional<RouteEntry> read(const YAML::Node& item) {
    if (!item.IsMap()) {
      fault(item, "storage.routes must be a list of maps with name, namespaces and driver");
      return std::nullopt;
    }
    RouteEntry entry{item, {}, {}, {}};
    std::set<std::string> seen;
    for (const auto& pair : item) {
      const std::string key = pair.first.IsScalar() ? pair.first.Scalar() : "";
      if (!seen.insert(key).second) {
        fault(pair.first, "storage.routes: duplicate key " + inQuotes(key));
      } else if (key == "name") {
        readName(pair.second, entry);
      } else if (key == "namespaces") {
        readNamespaces(pair.second, entry);
      } else if (key == "routes" || key == "peers_interval") {
        fault(pair.first, "storage.routes: a storage of the list has no " + key + " of its own");
      } else {
        entry.settings.emplace_back(pair.first, pair.second);
      }
    }
    if (!faulty_ && (entry.name.empty() || entry.namespaces.empty())) {
      fault(item, "storage.routes: each storage needs a name and namespaces");
    }
    return faulty_ ? std::nullopt : std::optional(std::move(entry));
  }

 private:
  void fault(const YAML::Node& at, std::string text) {
    faulty_ = true;
    complain_(at, std::move(text));
  }

  void readName(const YAML::Node& node, RouteEntry& entry) {
    const std::string text = node.IsScalar() ? node.Scalar() : "";
    if (text.empty() || text.size() > kLongestRouteName || !consistsOf(text, "-_")) {
      return fault(node, "storage.routes: name must be a word of at most " + std::to_string(kLongestRouteName) +
                             " of a-z, 0-9, - and _, not " + inQuotes(text));
    }
    entry.name = text;
  }

  void readNamespaces(const YAML::Node& node, RouteEntry& entry) {
    if (!node.IsSequence() || node.size() > kMostNamespaces) {
      return fault(node, "storage.routes: namespaces must be a list such as [restricted, team/project], of at most " +
                             std::to_string(kMostNamespaces));
    }
    for (const YAML::Node& item : node) {
      std::string text = item.IsScalar() ? item.Scalar() : "";
      if (text.size() > 1 && text.back() == '/') {
        text.pop_back();
      }
      if (auto wrong = namespaceFault(text)) {
        return fault(item, std::move(*wrong));
      }
      entry.namespaces.push_back(std::move(text));
    }
  }

  const Complain& complain_;
  bool faulty_ = false;
};

// Two storages of one place have the same text.
std::string placeOf(const StorageSettings& storage) {
  if (storage.driver == "filesystem") {
    return "filesystem " + storage.filesystem.root;
  }
  if (storage.driver == "swift") {
    const SwiftSettings& swift = storage.swift;
    return "swift " + swift.authUrl + ' ' + swift.user + ' ' + swift.project + ' ' + swift.region + ' ' +
           swift.container + ' ' + swift.prefix;
  }
  if (storage.driver == "s3") {
    return "s3 " + storage.s3.endpoint + ' ' + storage.s3.region + ' ' + storage.s3.bucket + ' ' + storage.s3.prefix;
  }
  return "";
}

}  // namespace

std::string storagePlaces(const StartupSettings& settings) {
  std::string text = placeOf(settings.storage);
  for (const StorageRoute& route : settings.storageRoutes) {
    text += "; " + route.name + ' ' + placeOf(route.storage);
    for (const std::string& nameSpace : route.namespaces) {
      text += ' ' + nameSpace;
    }
  }
  return text;
}

std::vector<RouteEntry> readRoutes(const YAML::Node& list, const Complain& complain) {
  if (list.IsNull()) {
    return {};
  }
  if (!list.IsSequence() || list.size() > kMostRoutes) {
    complain(list, "storage.routes must be a list of at most " + std::to_string(kMostRoutes) + " storages");
    return {};
  }
  std::vector<RouteEntry> entries;
  for (const YAML::Node& item : list) {
    if (auto entry = RouteReader(complain).read(item)) {
      entries.push_back(std::move(*entry));
    }
  }
  return entries;
}

std::vector<std::string> faultsOfRoutes(const StorageSettings& main, const std::vector<StorageRoute>& routes) {
  std::vector<std::string> faults;
  std::set<std::string> names;
  std::map<std::string, std::string> namespaces;
  std::map<std::string, std::string> places{{placeOf(main), "the main storage"}};
  for (const StorageRoute& route : routes) {
    const std::string shown = inQuotes(route.name);
    if (!names.insert(route.name).second) {
      faults.push_back("storage.routes: two storages have the name " + shown);
    }
    for (const std::string& nameSpace : route.namespaces) {
      if (const auto [at, fresh] = namespaces.emplace(nameSpace, shown); !fresh) {
        faults.push_back("storage.routes: the namespace " + inQuotes(nameSpace) + " is given to " + at->second +
                         (at->second == shown ? " twice" : " and to " + shown));
      }
    }
    const std::string place = placeOf(route.storage);
    if (const auto [at, fresh] = places.emplace(place, shown); !fresh && !place.empty()) {
      faults.push_back("storage.routes: " + shown + " is the same place as " + at->second);
    }
  }
  return faults;
}

}  // namespace rha::config
