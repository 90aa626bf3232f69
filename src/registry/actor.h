// Actor: who makes a change, for the journal, the tag history and the audit log.
#pragma once

#include <string>

namespace rha::registry {

struct Actor {
  std::string name;     // the account; empty for an anonymous client
  std::string address;  // the client's address
};

}  // namespace rha::registry
