#include "apps/registryd/reload.h"

#include "apps/registryd/tls_parts.h"

namespace rha::registryd {

Reloaded reloadAll(const Reloadables& parts, base::WallTime now) {
  Reloaded outcome{nlohmann::json::object(), {}, {}};
  if (parts.access != nullptr) {
    const auto applied = parts.access->reload(parts.accessFile);
    if (applied) {
      outcome.result = {{"generation", applied->generation}, {"hash", applied->hash}, {"changes", applied->changes}};
    } else {
      for (const config::SettingError& error : applied.error()) {
        outcome.accessFaults.push_back(config::toText(parts.accessFile, error));
      }
    }
  }
  if (parts.tls != nullptr) {
    auto loaded = parts.tls->load();
    if (loaded) {
      outcome.result["tls"] = tlsStatusJson(*loaded, now);
    } else {
      outcome.tlsFaults = std::move(loaded.error());
    }
  }
  return outcome;
}

}  // namespace rha::registryd
