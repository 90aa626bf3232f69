// Credentials from the file that `docker login`, podman and skopeo write: ~/.docker/config.json.
//
//   {"auths": {"registry.example.org:5000": {"auth": "<base64 of NAME:PASSWORD>"}}}
//
// Credential helpers are not asked. Pure function; thread-safe. The error never quotes what may be a secret.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace rha::client {

struct Credentials {
  std::string account;
  base::Secret password;
};

// For the registry at `host` ("registry.example.org:5000"), also if it is written there as a URL. nullopt: there are
// none for it. Error: the text is no such file.
base::Result<std::optional<Credentials>, std::string> findCredentials(std::string_view configJson,
                                                                      std::string_view host);

}  // namespace rha::client
