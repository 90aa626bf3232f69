// The action adopt: what is run before a storage is taken over from docker-registry, with registryd on it in read-only
// mode. Checks it as fsck does, and tells what is in it and whether it is safe to switch.
#pragma once

#include "apps/docker-registryctl/actions.h"

namespace rha::registryctl {

// Words: none, or those of translateConfig().
Outcome adopt(const Options& options);

}  // namespace rha::registryctl
