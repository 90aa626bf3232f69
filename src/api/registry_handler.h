// RegistryHandler: the registry's HTTP API. Routes a request, asks the gate, and calls the resource that the table in
// registry_handler.cpp has for the route and method.
//
//   path ─ parseRoute ─> route ─ Gate::admit ─> allowed ─ table ─> resource ─> Response or BodySink
//                                     └─ 401, 403      └─ 404, 405, malformed names: error answers
//
// The gate is asked before anything is looked up: a refused request touches neither storage nor index.
// Owned by the composition root; thread-safe (see net::Handler).
#pragma once

#include "api/api_settings.h"
#include "api/byte_budget.h"
#include "api/exchange.h"
#include "api/services.h"
#include "net/handler.h"

namespace rha::api {

class RegistryHandler final : public net::Handler {
 public:
  RegistryHandler(const Services& services, const ApiSettings& settings)
      : services_(services), settings_(settings), manifestBudget_(settings.manifestBudgetBytes) {}

  // Fills request.log: handler, repository, reference, principal, rule, generation, denied.
  net::Disposition handle(net::Request& request) override;
  // Routes and admits the request if that needs no password to be checked, and answers the ping, what is refused, and
  // what memory has. What it found out stays with the request for handle().
  std::optional<net::Response> tryAnswer(net::Request& request) override;

 private:
  struct Entry;  // a request that was routed and admitted

  template <typename Admit>
  [[nodiscard]] auto admitWith(const Admit& admit, const net::Request& request, Entry& entry) const;
  // Of handle(): what tryAnswer() left, else made anew.
  [[nodiscard]] std::unique_ptr<Entry> enter(net::Request& request) const;
  net::Disposition answer(net::Request& request, Entry& entry);
  net::Disposition dispatch(const Exchange& exchange);
  std::optional<net::Response> answerFromMemory(net::Request& request, Entry& entry);

  Services services_;
  ApiSettings settings_;
  ByteBudget manifestBudget_;
};

}  // namespace rha::api
