// `registryd --rebuild-index`: makes the index anew from the storage, with its progress on standard error.
#pragma once

#include "config/settings.h"

namespace rha::registryd {

// 0: done. 1: broken off by a signal; the index is then as it was. Throws when the registry runs, or the rebuild fails.
int rebuildIndexOf(const config::StartupSettings& settings);

}  // namespace rha::registryd
