// perform(): the one task that the command line names, with its output; the outcome as exit code.
#pragma once

#include <string>

#include "apps/registryd/options.h"

namespace rha::registryd {

// 0: done. 1: the settings have errors, which were printed. Throws std::exception for every other failure, with a text
// for the operator.
int perform(const Options& options, const std::string& version);

}  // namespace rha::registryd
