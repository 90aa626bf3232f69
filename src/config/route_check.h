// Reading storage.routes: the list of further storages, and what is wrong with them together.
//
// Internal to config. Pure but for `complain`.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <utility>
#include <vector>

#include "config/settings.h"
#include "config/value_reader.h"

namespace rha::config {

// One item of the list: its own keys read, and those of its storage as they stand.
struct RouteEntry {
  YAML::Node node;
  std::string name;
  std::vector<std::string> namespaces;  // without a slash at the end
  std::vector<std::pair<YAML::Node, YAML::Node>> settings;
};

// Items with a fault of their own are told of and left out.
std::vector<RouteEntry> readRoutes(const YAML::Node& list, const Complain& complain);

// Names and namespaces that are given twice, and storages that are the same place as another.
std::vector<std::string> faultsOfRoutes(const StorageSettings& main, const std::vector<StorageRoute>& routes);

}  // namespace rha::config
