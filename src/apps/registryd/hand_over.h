// registryd --hand-over: asks the daemon that runs to hand over to the program that is installed now.
#pragma once

#include "config/settings.h"

namespace rha::registryd {

// Returns the exit code: 0 a new process serves; else a line on stderr says why, and it is 1 when the old one goes on
// alone, 3 when it is of a version that cannot hand over, 4 when none runs.
int askForHandOver(const config::StartupSettings& settings);

}  // namespace rha::registryd
