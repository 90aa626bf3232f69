// The answers that requests to uploads have in common.
//
// Pure functions but for the digest parser's errors; thread-safe.
#pragma once

#include <string_view>

#include "api/api_settings.h"
#include "api/exchange.h"
#include "base/result.h"
#include "net/request.h"
#include "net/response.h"
#include "oci/digest.h"
#include "oci/error_code.h"
#include "oci/names.h"
#include "registry/uploads.h"

namespace rha::api {

// Where the upload goes on: Location, Range, Docker-Upload-UUID.
net::Response uploadProgress(int status, const net::Request& request, const ApiSettings& settings,
                             const oci::RepositoryName& repository, const registry::UploadTicket& ticket);
// 201: the blob is there.
net::Response blobCreated(const net::Request& request, const ApiSettings& settings,
                          const oci::RepositoryName& repository, const oci::Digest& digest);
// Puts the limit of the client's class on the upload. An error (413) if the body that is announced goes beyond it: the
// client need not send it, and the upload is discarded.
base::Result<void, oci::Error> limitUpload(const Exchange& exchange, registry::UploadWriter& upload);

// A digest out of a parameter; `name` is the parameter's.
base::Result<oci::Digest, oci::Error> digestParameter(std::string_view name, std::string_view text);

}  // namespace rha::api
