// probeTls(): whether a server answers over TLS, for a daemon that looks after itself.
//
// Any thread; blocks until the deadline at most.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace rha::net {

// On a connected, non-blocking socket: sends `preface` in plain, shakes hands (any certificate will do: this is our own
// server), sends `request`, and waits for the first byte of an answer. Empty when it came, else what failed.
std::string probeTls(int socket, std::string_view preface, std::string_view request, base::SteadyTime deadline);

}  // namespace rha::net
