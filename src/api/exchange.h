// Exchange: one request as the resources see it: routed, its client known, access to what its path names decided.
//
// Lives while the resource runs. A BodySink that a resource returns outlives it: it may keep the request and the
// settings (references stay good), and copies the rest.
#pragma once

#include "access/decision.h"
#include "api/api_settings.h"
#include "api/byte_budget.h"
#include "api/query.h"
#include "api/route.h"
#include "net/request.h"
#include "registry/actor.h"

namespace rha::api {

struct Exchange {
  net::Request& request;
  const Route& route;
  const ApiSettings& settings;
  ByteBudget& manifestBudget;
  Query query;
  access::Principal principal;
  access::Client client;

  // Precondition: the route has one, which the handler checked (no flaw).
  [[nodiscard]] const oci::RepositoryName& repository() const { return *route.repository; }
  [[nodiscard]] bool isHead() const { return request.method == "HEAD"; }
  [[nodiscard]] registry::Actor actor() const { return {principal.name, client.address}; }
};

}  // namespace rha::api
