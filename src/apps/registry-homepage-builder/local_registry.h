// The registry of this host as a Source: opens what registryd.yaml names.
#pragma once

#include <memory>

#include "apps/registry-homepage-builder/catalogue.h"
#include "apps/registry-homepage-builder/earlier_site.h"
#include "base/log.h"
#include "config/settings.h"

namespace rha::homepage {

// Owns the index, the storage and the rules that it reads. Throws std::exception with a text for the operator.
// `registry`: the name that images are pulled by. `earlier` is borrowed by the result. Waits, twenty minutes at most,
// for an index that registryd is still making.
std::unique_ptr<Source> openLocalRegistry(const config::StartupSettings& settings, const std::string& registry,
                                          unsigned threads, const EarlierSite& earlier, const base::Logger& logger);

}  // namespace rha::homepage
