// The action fsck: a check of the storage by the running registryd, with its findings as they come.
//
// Unlike the other actions it prints while it runs: findings on standard output, progress on standard error. One
// thread; Ctrl-C stops the check, which can be resumed.
#pragma once

#include "apps/docker-registryctl/actions.h"

namespace rha::registryctl {

Outcome fsck(const Options& options);

}  // namespace rha::registryctl
