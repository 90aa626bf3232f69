// Exchange: one request as the resources see it: routed, its client known, admitted to what its path names.
//
// Lives while the resource runs. A BodySink that a resource returns outlives it: it may keep the request and the
// settings (references stay good), and copies the rest.
#pragma once

#include "access/gate.h"
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
  std::optional<access::Action> action;  // what was decided about; nullopt: nothing was
  access::Admission admission;

  // Precondition: the route has one, which the handler checked (no flaw).
  [[nodiscard]] const oci::RepositoryName& repository() const { return *route.repository; }
  [[nodiscard]] bool isHead() const { return request.method == "HEAD"; }
  [[nodiscard]] const access::Principal& principal() const { return admission.principal; }
  // Decides by the rules that admitted the request.
  [[nodiscard]] const access::Policy& policy() const { return *admission.policy; }
  [[nodiscard]] registry::Actor actor() const { return {principal().name, admission.client.address}; }
};

}  // namespace rha::api
