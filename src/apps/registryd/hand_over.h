// registryd --hand-over: asks the daemon that runs to hand over to the program that is installed now.
#pragma once

#include <string_view>

#include "config/settings.h"

namespace rha::registryd {

// What the daemon's answer begins with when the new process found other storage, index or addresses in its settings.
inline constexpr std::string_view kTakesRestart = "the settings have changed in something that takes a restart";

// Returns the exit code: 0 a new process serves; else a line on stderr says why, and it is 1 when the old one goes on
// alone, 3 when it is of a version that cannot hand over, 4 when none runs, 5 when it goes on alone because what has
// changed in the settings takes a restart.
int askForHandOver(const config::StartupSettings& settings);

}  // namespace rha::registryd
