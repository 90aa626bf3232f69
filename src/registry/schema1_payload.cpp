#include "registry/schema1_payload.h"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "base/hasher.h"

namespace rha::registry {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int kMaxDepth = 64;
// A gzipped empty tar: what schema 1 has where an image has no layer for a step of its history. Docker knows it and
// never fetches it.
constexpr std::string_view kEmptyLayer = "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d663cb16422d00e8a7c22955b46d4";

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string hexOf(std::string_view digest) { return std::string(digest.substr(digest.find(':') + 1)); }

// The config as JSON; discarded if it is malformed, no object, or nested deeper than anything honest.
json parseConfig(std::string_view text) {
  bool tooDeep = false;
  const auto watchDepth = [&tooDeep](int depth, json::parse_event_t, json&) {
    tooDeep = tooDeep || depth > kMaxDepth;
    return !tooDeep;
  };
  auto config = json::parse(text, watchDepth, false);
  return tooDeep || !config.is_object() ? json(json::value_t::discarded) : config;
}

std::string textOf(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool isEmptyLayer(const json& step) {
  const auto found = step.find("empty_layer");
  return found != step.end() && found->is_boolean() && found->get<bool>();
}

// One step of the image's history, oldest first.
struct Step {
  std::string blobSum;
  json history;
  bool empty = false;
};

base::Result<std::vector<Step>, std::string> stepsOf(const json& config, const oci::Manifest& image) {
  const auto history = config.find("history");
  if (history == config.end() || !history->is_array() || history->empty()) {
    return base::fail(std::string("its config has no history"));
  }
  std::vector<Step> steps;
  std::size_t layer = 0;
  for (const auto& entry : *history) {
    if (!entry.is_object()) {
      return base::fail(std::string("its config has a malformed history"));
    }
    const bool empty = isEmptyLayer(entry);
    if (!empty && layer == image.layers.size()) {
      return base::fail(std::string("its config has more layers than its manifest"));
    }
    steps.push_back({empty ? std::string(kEmptyLayer) : image.layers[layer].digest.text(), entry, empty});
    layer += empty ? 0 : 1;
  }
  if (layer != image.layers.size()) {
    return base::fail(std::string("its config has fewer layers than its manifest"));
  }
  return steps;
}

std::string layerIdentifier(const Step& step, const std::string& parent, std::string_view config) {
  std::string text = hexOf(step.blobSum) + " " + parent;
  if (!config.empty()) {
    text += " ";
    text += config;
  }
  return base::hashHex(base::HashAlgorithm::Sha256, text);
}

json compatibility(const Step& step, const std::string& identifier, const std::string& parent) {
  json layer{{"id", identifier}};
  layer["created"] = step.history.value("created", json("0001-01-01T00:00:00Z"));
  layer["container_config"]["Cmd"] = json::array({textOf(step.history, "created_by")});
  for (const char* key : {"comment", "author"}) {
    if (const auto text = textOf(step.history, key); !text.empty()) {
      layer[key] = text;
    }
  }
  if (!parent.empty()) {
    layer["parent"] = parent;
  }
  if (step.empty) {
    layer["throwaway"] = true;
  }
  return layer;
}

// The newest layer carries the image's config, but for what schema 1 does not know.
json newestCompatibility(json config, const Step& step, const std::string& identifier, const std::string& parent) {
  config.erase("history");
  config.erase("rootfs");
  config["id"] = identifier;
  if (!parent.empty()) {
    config["parent"] = parent;
  }
  if (step.empty) {
    config["throwaway"] = true;
  }
  return config;
}

}  // namespace

base::Result<std::string, std::string> schema1Payload(const oci::RepositoryName& repository, const oci::Tag& tag,
                                                      const oci::Manifest& image, std::string_view configText) {
  const json config = parseConfig(configText);
  if (config.is_discarded()) {
    return base::fail(std::string("its config is not that of an image"));
  }
  const auto steps = stepsOf(config, image);
  if (!steps) {
    return base::fail(steps.error());
  }
  auto fsLayers = ordered_json::array();
  auto history = ordered_json::array();
  std::string parent;
  for (std::size_t i = 0; i < steps->size(); ++i) {
    const Step& step = (*steps)[i];
    const bool newest = i + 1 == steps->size();
    const auto identifier = layerIdentifier(step, parent, newest ? configText : std::string_view());
    const auto layer =
        newest ? newestCompatibility(config, step, identifier, parent) : compatibility(step, identifier, parent);
    fsLayers.insert(fsLayers.begin(), ordered_json{{"blobSum", step.blobSum}});
    history.insert(history.begin(), ordered_json{{"v1Compatibility", dump(layer)}});
    parent = identifier;
  }
  ordered_json payload{{"schemaVersion", 1}, {"name", repository.text()}, {"tag", tag.text()}};
  payload["architecture"] = textOf(config, "architecture");
  payload["fsLayers"] = std::move(fsLayers);
  payload["history"] = std::move(history);
  return payload.dump(3, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace rha::registry
