#include "apps/registry-homepage-builder/image_config.h"

#include <nlohmann/json.hpp>

#include "apps/registry-homepage-builder/markup.h"

namespace rha::homepage {
namespace {

using nlohmann::json;

// Nothing in a registry is older; what says so was set to a constant.
constexpr base::WallTime kOldest{std::chrono::sys_days(std::chrono::year(2000) / 1 / 1)};

// Null if there is none of that type.
const json* member(const json& object, const char* key, json::value_t type) {
  const auto found = object.find(key);
  return found != object.end() && found->type() == type ? &*found : nullptr;
}

std::string textOf(const json& object, const char* key) {
  const json* value = member(object, key, json::value_t::string);
  return value != nullptr ? value->get<std::string>() : std::string();
}

std::string platformOf(const json& config) {
  const std::string system = textOf(config, "os");
  const std::string architecture = textOf(config, "architecture");
  const std::string variant = textOf(config, "variant");
  if (system.empty() || architecture.empty()) {
    return {};
  }
  return shortened(system + '/' + architecture + (variant.empty() ? "" : "/" + variant), 100);
}

void readLabels(const json& labels, std::map<std::string, std::string>& out) {
  for (const auto& [key, value] : labels.items()) {
    if (out.size() == kMostLabels) {
      return;
    }
    if (value.is_string() && !key.empty()) {
      out[shortened(key, kLongestLabelKey)] = shortened(value.get_ref<const std::string&>(), kLongestLabelValue);
    }
  }
}

}  // namespace

bool isImageConfig(std::string_view mediaType) {
  return mediaType == "application/vnd.oci.image.config.v1+json" ||
         mediaType == "application/vnd.docker.container.image.v1+json";
}

ImageConfig parseImageConfig(std::string_view text) {
  ImageConfig config;
  // The history may be most of the text, and is not needed.
  const auto wanted = [](int depth, json::parse_event_t event, json& parsed) {
    return !(depth == 1 && event == json::parse_event_t::key && (parsed == "history" || parsed == "rootfs"));
  };
  const json document = json::parse(text, wanted, false);
  if (!document.is_object()) {
    return config;
  }
  config.platform = platformOf(document);
  config.created = base::parseRfc3339(textOf(document, "created"));
  if (config.created && *config.created < kOldest) {
    config.created.reset();
  }
  if (const json* inner = member(document, "config", json::value_t::object)) {
    if (const json* labels = member(*inner, "Labels", json::value_t::object)) {
      readLabels(*labels, config.labels);
    }
  }
  return config;
}

}  // namespace rha::homepage
