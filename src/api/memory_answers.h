// Answers from memory: how a manifest or blob becomes a CachedAnswer, and a CachedAnswer an answer to one request.
//
// The first answer after a look into storage is made by the same function as those that follow from memory, so that
// clients cannot tell them apart. Pure functions but for the cache's counters; thread-safe.
#pragma once

#include "api/answer_cache.h"
#include "net/request.h"
#include "net/response.h"
#include "registry/blobs.h"
#include "registry/manifests.h"

namespace rha::api {

CachedAnswer manifestAnswer(const oci::Reference& reference, const registry::StoredManifest& manifest);
// Without `body` it answers HEAD only.
CachedAnswer blobAnswer(const registry::BlobInfo& blob, std::shared_ptr<const std::string> body);

// Whether respond() gives the answer to this request: not to a part of a blob, not under If-Match, and not where a
// client of old days wants another form of the manifest.
bool answers(const CachedAnswer& answer, const net::Request& request);
// 200, or 304 when the client has it. Precondition: answers(), or that If-Match holds.
net::Response respond(const CachedAnswer& answer, const net::Request& request);

// The two in one, from the cache, for a request that was admitted; nullopt: storage has to be asked.
std::optional<net::Response> fromMemory(AnswerCache& cache, const net::Request& request);

}  // namespace rha::api
