// Accept, as far as the registry heeds it: every manifest is served as it was stored, but for the oldest tools.
//
// Pure function; thread-safe.
#pragma once

#include "net/headers.h"

namespace rha::api {

// Whether the client names a schema 1 type and no type of schema 2 or OCI, and so wants a converted manifest.
bool wantsSchema1(const net::Headers& headers);

}  // namespace rha::api
