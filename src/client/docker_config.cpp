#include "client/docker_config.h"

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace rha::client {
namespace {

using nlohmann::json;

// "https://host:5000/v1/" -> "host:5000".
std::string hostOf(std::string_view key) {
  if (const auto mark = key.find("://"); mark != std::string_view::npos) {
    key.remove_prefix(mark + 3);
  }
  return base::toLower(key.substr(0, key.find('/')));
}

std::optional<Credentials> decode(const json& entry) {
  const auto auth = entry.is_object() ? entry.find("auth") : entry.end();
  if (!entry.is_object() || auth == entry.end() || !auth->is_string()) {
    return std::nullopt;
  }
  const auto text = base::fromBase64(auth->get_ref<const std::string&>());
  const auto colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos) {
    return std::nullopt;
  }
  return Credentials{text->substr(0, colon), base::Secret(text->substr(colon + 1))};
}

}  // namespace

base::Result<std::optional<Credentials>, std::string> findCredentials(std::string_view configJson,
                                                                      std::string_view host) {
  const json document = json::parse(configJson, nullptr, false);
  if (!document.is_object()) {
    return base::fail(std::string("is not JSON as docker writes it"));
  }
  const auto auths = document.find("auths");
  if (auths == document.end() || !auths->is_object()) {
    return std::optional<Credentials>();
  }
  for (const auto& [key, entry] : auths->items()) {
    if (hostOf(key) == host) {
      return decode(entry);
    }
  }
  return std::optional<Credentials>();
}

}  // namespace rha::client
