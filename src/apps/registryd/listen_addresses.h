// Which addresses the settings make a process listen on, as told to the process that takes over from it: that one gets
// the sockets themselves, so other addresses in its settings would have no effect.
//
// A text "HTTP|HTTPS|DEBUG": for each kind the addresses of the settings, or "passed" where the service manager passed
// the sockets, and the settings do not matter; nothing for HTTPS without a certificate. Pure functions; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "apps/registryd/system_sockets.h"
#include "config/settings.h"

namespace rha::registryd {

// `predecessor`: the text of the process that passed the sockets; nullopt: the service manager did.
std::string listenAddresses(const config::HttpSettings& settings, const SystemSockets& sockets,
                            std::optional<std::string_view> predecessor);

// Whether what the settings say now is what the sockets of that predecessor listen on. Where it did not listen at all,
// its successor can.
bool listenAlike(std::string_view predecessor, std::string_view own);

}  // namespace rha::registryd
