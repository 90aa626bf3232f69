// The line of an image in the listings, read back from the JSON beside its page: for an image whose page is kept
// because it cannot be read now.
//
// Pure function; thread-safe.
#pragma once

#include <optional>
#include <string_view>

#include "apps/registry-homepage-builder/image_view.h"

namespace rha::homepage {

// nullopt if `json` is not what imagePages() writes for `name`.
std::optional<Summary> keptSummary(std::string_view json, const RepositoryName& name);

}  // namespace rha::homepage
