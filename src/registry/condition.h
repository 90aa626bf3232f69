// Condition: what must be so for a write to happen, asked within the repository's turn, so that nothing comes between.
//
// Called once, with what the tag or digest to be written stands for at that moment (nullopt: it is not there). Empty:
// no condition. Runs on the writer's thread; must not block.
#pragma once

#include <functional>
#include <optional>

#include "oci/digest.h"

namespace rha::registry {

using Condition = std::function<bool(const std::optional<oci::Digest>& current)>;

}  // namespace rha::registry
