// The manual page registryd(8): made from the table of options and the table of settings, so that it cannot lag behind.
#pragma once

#include <string>
#include <string_view>

namespace rha::registryd {

// Roff with man macros.
std::string manPage(std::string_view version);

}  // namespace rha::registryd
