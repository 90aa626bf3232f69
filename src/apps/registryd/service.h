// serve(): the daemon from its start to the signal that ends it, as a service: systemd is told how it is.
#pragma once

#include <string>

#include "config/settings.h"

namespace rha::registryd {

// Returns 0 after SIGTERM or SIGINT. Throws what Daemon::start() throws. Call before any thread was made.
int serve(const config::StartupSettings& settings, const std::string& version);

}  // namespace rha::registryd
