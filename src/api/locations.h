// Locations: URLs of the registry's own things, for Location and Link.
//
// Pure functions; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/api_settings.h"
#include "net/request.h"
#include "oci/digest.h"
#include "oci/names.h"
#include "registry/uploads.h"

namespace rha::api {

std::string blobLocation(const net::Request& request, const ApiSettings& settings,
                         const oci::RepositoryName& repository, const oci::Digest& digest);
std::string manifestLocation(const net::Request& request, const ApiSettings& settings,
                             const oci::RepositoryName& repository, const oci::Digest& digest);
std::string uploadLocation(const net::Request& request, const ApiSettings& settings,
                           const oci::RepositoryName& repository, const registry::UploadTicket& ticket);

// `</path?key=value&…>; rel="next"` (RFC 8288), always relative; values are percent-encoded.
std::string nextLink(std::string_view path, const std::vector<std::pair<std::string_view, std::string>>& parameters);

}  // namespace rha::api
