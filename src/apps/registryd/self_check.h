// selfCheck(): whether the engine still answers a client, for the watchdog.
#pragma once

#include <chrono>
#include <string>

#include "net/address.h"

namespace rha::registryd {

struct SelfCheckTarget {
  net::Address address;
  bool tls = false;
  bool proxied = false;  // connections of this host must begin with a header of the PROXY protocol
};

// Connects to a listening address of this process and asks for /v2/, which an event thread answers by itself: workers
// may all wait for a slow storage, which is no reason to be restarted. Any answer will do, a 503 of an overloaded
// engine too. Empty when there was one in time, else what failed. Blocks for at most `patience`.
std::string selfCheck(const SelfCheckTarget& target, std::chrono::milliseconds patience);

}  // namespace rha::registryd
