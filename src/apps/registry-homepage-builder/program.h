// perform(): what the command line asks for, from the settings to the site in place.
#pragma once

#include <string>

#include "apps/registry-homepage-builder/options.h"

namespace rha::homepage {

// The exit code. Throws std::exception with a text for the operator when nothing was changed.
int perform(const Options& options, const std::string& version);

}  // namespace rha::homepage
