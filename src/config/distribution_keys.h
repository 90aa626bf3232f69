// What the settings of CNCF distribution 2.x are here that have no equivalent, by key. Internal to the translation.
//
// Constant data; thread-safe.
#pragma once

#include <string_view>

namespace rha::config {

// What to tell the operator of a setting that the translation does not use; the longest matching beginning decides.
std::string_view adviceOnDistributionKey(std::string_view key);

}  // namespace rha::config
