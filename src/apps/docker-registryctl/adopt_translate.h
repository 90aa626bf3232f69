// The action adopt translate: docker-registry's configuration as ours.
//
// Prints the texts, or, with --to, writes them and the secrets: all files or none, and none over one that exists.
#pragma once

#include "apps/docker-registryctl/actions.h"

namespace rha::registryctl {

// Words: translate FILE.
Outcome translateConfig(const Options& options);

}  // namespace rha::registryctl
