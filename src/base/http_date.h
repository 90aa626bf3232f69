// Dates of HTTP (RFC 9110, section 5.6.7): "Wed, 25 Nov 2026 19:40:00 GMT". Whole seconds.
//
// Pure functions; thread-safe; independent of the locale.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace rha::base {

std::string formatHttpDate(std::chrono::sys_seconds time);
// nullopt for anything but the form above; the obsolete forms are not sent by anything that is alive.
std::optional<std::chrono::sys_seconds> parseHttpDate(std::string_view text);

}  // namespace rha::base
