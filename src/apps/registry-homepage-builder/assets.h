// The files of the site that are the same for every registry: assets/ of this folder, compiled in.
#pragma once

#include <string_view>

namespace rha::homepage::assets {

extern const std::string_view kStyleSheet;
extern const std::string_view kScript;
extern const std::string_view kIcon;

}  // namespace rha::homepage::assets
