// accessFindings(): what in an access document is no error but probably not meant.
//
// Pure; thread-safe. For `docker-registryctl check-access`.
#pragma once

#include <string>
#include <vector>

#include "access/access_document.h"

namespace rha::access {

// Accounts without any right, rights that no host can use, addresses of several hosts, uploaders that a proxy's header
// could pretend to be. One line each.
std::vector<std::string> accessFindings(const AccessDocument& document);

}  // namespace rha::access
