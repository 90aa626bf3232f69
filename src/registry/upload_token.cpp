#include "registry/upload_token.h"

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace rha::registry {
namespace {

constexpr int kVersion = 1;
// Longest token that is looked at: a Location must fit into a request head.
constexpr std::size_t kMaxTokenBytes = 24 * 1024;

// A string member, or nullopt.
std::optional<std::string> text(const nlohmann::json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_string()) {
    return std::nullopt;
  }
  return it->get<std::string>();
}

}  // namespace

std::string encodeUploadState(const UploadState& state) {
  nlohmann::json json = {{"v", kVersion},
                         {"repository", state.repository},
                         {"id", state.id},
                         {"actor", state.actor},
                         {"started", base::formatRfc3339Micros(state.startedAt)},
                         {"offset", state.offset},
                         {"hash", base::toBase64Url(state.hashState)},
                         {"driver", base::toBase64Url(state.driverState)}};
  if (!state.storage.empty()) {
    json["storage"] = state.storage;
  }
  return json.dump();
}

std::optional<UploadState> decodeUploadState(std::string_view encoded) {
  const auto json = nlohmann::json::parse(encoded, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("v", nlohmann::json()) != kVersion) {
    return std::nullopt;
  }
  const auto repository = text(json, "repository");
  const auto id = text(json, "id");
  const auto actor = text(json, "actor");
  const auto started = base::parseRfc3339(text(json, "started").value_or(""));
  const auto hash = base::fromBase64Url(text(json, "hash").value_or(""));
  const auto driver = base::fromBase64Url(text(json, "driver").value_or(""));
  const auto offset = json.find("offset");
  if (!repository || !id || !actor || !started || !hash || !driver || offset == json.end() ||
      !offset->is_number_unsigned()) {
    return std::nullopt;
  }
  return UploadState{*repository,
                     *id,
                     *actor,
                     *started,
                     offset->get<std::uint64_t>(),
                     *hash,
                     *driver,
                     text(json, "storage").value_or("")};
}

std::string UploadTokens::sign(const UploadState& state) const {
  const std::string payload = encodeUploadState(state);
  return base::toBase64Url(payload) + '.' + base::toBase64Url(base::hmacSha256(secret_.reveal(), payload));
}

std::optional<UploadState> UploadTokens::verify(std::string_view token) const {
  const auto dot = token.find('.');
  if (token.size() > kMaxTokenBytes || dot == std::string_view::npos) {
    return std::nullopt;
  }
  const auto payload = base::fromBase64Url(token.substr(0, dot));
  const auto signature = base::fromBase64Url(token.substr(dot + 1));
  if (!payload || !signature || !base::equalConstantTime(*signature, base::hmacSha256(secret_.reveal(), *payload))) {
    return std::nullopt;
  }
  return decodeUploadState(*payload);
}

}  // namespace rha::registry
