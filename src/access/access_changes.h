// describeChanges(): what differs between two access documents, for the operator who applied the second.
//
// Pure; thread-safe. Names accounts, rules, hosts and mode; never a password hash.
#pragma once

#include <string>
#include <vector>

#include "access/access_document.h"

namespace rha::access {

// One line each: "account ml-build added", "account ci-build: passwords changed", "rule \"ml/\" changed" …
std::vector<std::string> describeChanges(const AccessDocument& before, const AccessDocument& after);

}  // namespace rha::access
