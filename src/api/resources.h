// Resources: what the API serves, one function per row of the route table (registry_handler.cpp), one file per
// resource.
//
// Called on worker threads, many at once, after access to the route's repository was decided; they may block on
// storage. GET functions answer HEAD too: the engine leaves the body out. Failure: storage::StorageError and
// index::IndexError propagate; everything expected is an answer.
#pragma once

#include "api/exchange.h"
#include "api/services.h"
#include "net/handler.h"

namespace rha::api {

// base.cpp
net::Disposition redirectToPing(const Services& services, const Exchange& exchange);
net::Disposition getPing(const Services& services, const Exchange& exchange);
net::Disposition getHealth(const Services& services, const Exchange& exchange);

// catalog.cpp, tags.cpp, referrers.cpp
net::Disposition getCatalog(const Services& services, const Exchange& exchange);
net::Disposition getTags(const Services& services, const Exchange& exchange);
net::Disposition getReferrers(const Services& services, const Exchange& exchange);

// extensions.cpp, tag_history.cpp
net::Disposition getExtensions(const Services& services, const Exchange& exchange);
net::Disposition getRepositoryExtensions(const Services& services, const Exchange& exchange);
net::Disposition getTagHistory(const Services& services, const Exchange& exchange);

// manifests.cpp, manifest_push.cpp
net::Disposition getManifest(const Services& services, const Exchange& exchange);
net::Disposition putManifest(const Services& services, const Exchange& exchange);
net::Disposition deleteManifest(const Services& services, const Exchange& exchange);

// blobs.cpp
net::Disposition getBlob(const Services& services, const Exchange& exchange);
net::Disposition deleteBlob(const Services& services, const Exchange& exchange);

// uploads.cpp, upload_start.cpp
net::Disposition postUpload(const Services& services, const Exchange& exchange);
net::Disposition patchUpload(const Services& services, const Exchange& exchange);
net::Disposition putUpload(const Services& services, const Exchange& exchange);
net::Disposition getUpload(const Services& services, const Exchange& exchange);
net::Disposition deleteUpload(const Services& services, const Exchange& exchange);

}  // namespace rha::api
