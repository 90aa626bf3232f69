// makeLogger(): the program's logger, by the settings and by where standard error goes.
#pragma once

#include "base/log.h"
#include "config/settings.h"

namespace rha::registryd {

// To standard error; with priorities that the journal understands, if that is where it goes.
base::Logger makeLogger(const config::LogSettings& settings);
// To the same place, whatever log.level is.
base::Logger makeAuditLogger();

}  // namespace rha::registryd
