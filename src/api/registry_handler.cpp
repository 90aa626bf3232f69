#include "api/registry_handler.h"

#include <array>
#include <functional>
#include <utility>

#include "api/error_response.h"
#include "api/memory_answers.h"
#include "api/resources.h"
#include "oci/quote.h"

namespace rha::api {
namespace {

using access::Action;

struct Row {
  RouteName route;
  std::string_view method;
  std::optional<Action> action;  // nullopt: open to everybody, nothing is decided
  net::Disposition (*resource)(const Services&, const Exchange&);
};

constexpr std::array kRows = {
    Row{RouteName::Base, "GET", std::nullopt, redirectToPing},
    Row{RouteName::Ping, "GET", Action::Ping, getPing},
    Row{RouteName::Health, "GET", std::nullopt, getHealth},
    Row{RouteName::Catalog, "GET", Action::Catalog, getCatalog},
    Row{RouteName::Tags, "GET", Action::Pull, getTags},
    Row{RouteName::Manifest, "GET", Action::Pull, getManifest},
    Row{RouteName::Manifest, "PUT", Action::Push, putManifest},
    Row{RouteName::Manifest, "DELETE", Action::Delete, deleteManifest},
    Row{RouteName::Blob, "GET", Action::Pull, getBlob},
    Row{RouteName::Blob, "DELETE", Action::Delete, deleteBlob},
    Row{RouteName::Uploads, "POST", Action::Push, postUpload},
    Row{RouteName::Upload, "GET", Action::Push, getUpload},
    Row{RouteName::Upload, "PATCH", Action::Push, patchUpload},
    Row{RouteName::Upload, "PUT", Action::Push, putUpload},
    Row{RouteName::Upload, "DELETE", Action::Push, deleteUpload},
    Row{RouteName::Referrers, "GET", Action::Pull, getReferrers},
    Row{RouteName::Extensions, "GET", Action::Ping, getExtensions},
    Row{RouteName::RepositoryExtensions, "GET", Action::Pull, getRepositoryExtensions},
    Row{RouteName::TagHistory, "GET", Action::Pull, getTagHistory},
};

// The row that serves a request; null if there is none. HEAD is served as GET: the engine leaves the body out.
const Row* findRow(RouteName route, std::string_view method) {
  const auto wanted = method == "HEAD" ? std::string_view("GET") : method;
  for (const Row& row : kRows) {
    if (row.route == route && row.method == wanted) {
      return &row;
    }
  }
  return nullptr;
}

// "GET, HEAD, PUT": what the route serves.
std::string allowedMethods(RouteName route) {
  std::string list;
  for (const Row& row : kRows) {
    if (row.route == route) {
      list += list.empty() ? "" : ", ";
      list += row.method == "GET" ? std::string_view("GET, HEAD") : row.method;
    }
  }
  return list;
}

// What a request wants whose method the route does not serve: it must be refused as its neighbours are.
Action actionOf(std::string_view method) {
  if (method == "GET" || method == "HEAD" || method == "OPTIONS") {
    return Action::Pull;
  }
  return method == "DELETE" ? Action::Delete : Action::Push;
}

// The error of a path that names nothing, as the method has it. What cannot be written under any name was never there
// to be read: a bad tag is 404 then, which clients rely on. A method that is served nowhere below such a path makes it
// an unknown path.
oci::Error flawFor(const net::Request& request, const Route& route, bool methodServed) {
  oci::Error error = *route.flaw;
  if (error.code == oci::ErrorCode::TagInvalid && route.name == RouteName::Manifest && request.method != "PUT") {
    error.code = oci::ErrorCode::ManifestUnknown;
  } else if (!methodServed && route.repository) {
    error.httpStatus = 404;
  }
  return error;
}

net::Response methodNotServed(const net::Request& request, RouteName route) {
  net::Response response(200);
  if (request.method != "OPTIONS") {
    response = errorResponse(
        {oci::ErrorCode::Unsupported, "the method " + oci::quote(request.method) + " is not supported here", {}, 0});
  }
  response.headers.add("Allow", allowedMethods(route));
  return response;
}

constexpr std::size_t kLongestLogged = 256;  // of what a client says

std::string shortened(std::string_view text) { return std::string(text.substr(0, kLongestLogged)); }

using LogFields = std::vector<std::pair<std::string_view, std::string>>;

// What the request is about.
void logTarget(const Exchange& exchange, LogFields& fields) {
  const Route& route = exchange.route;
  fields.emplace_back("handler", toString(route.name));
  if (route.repository) {
    fields.emplace_back("repository", route.repository->text());
  }
  if (route.reference) {
    fields.emplace_back("reference", route.reference->text());
  } else if (route.digest) {
    fields.emplace_back("reference", route.digest->text());
  } else if (route.tag) {
    fields.emplace_back("reference", route.tag->text());
  } else if (route.name == RouteName::Upload || route.name == RouteName::Uploads) {
    for (const std::string_view parameter : {"digest", "mount"}) {
      if (const auto digest = exchange.query.find(parameter)) {
        fields.emplace_back("reference", shortened(*digest));
      }
    }
    if (const auto from = exchange.query.find("from")) {
      fields.emplace_back("mount_from", shortened(*from));
    }
  }
}

// Writes and refusals are audited: their lines have an action.
bool isAudited(const Exchange& exchange) {
  const std::string& method = exchange.request.method;
  const bool reads = method == "GET" || method == "HEAD" || method == "OPTIONS";
  return exchange.action && !(reads && exchange.admission.decision.allowed());
}

void log(const Exchange& exchange) {
  LogFields& fields = exchange.request.log;
  fields.reserve(8);
  logTarget(exchange, fields);
  const access::Admission& admission = exchange.admission;
  if (isAudited(exchange)) {
    fields.emplace_back("action", toString(*exchange.action));
  }
  if (admission.client.address != exchange.request.peer.host()) {
    fields.emplace_back("forwarded_for", admission.client.address);
  }
  if (!admission.principal.anonymous()) {
    fields.emplace_back("principal", admission.principal.name);
  }
  if (!admission.claimed.empty()) {
    fields.emplace_back("claimed", shortened(admission.claimed));
  }
  if (!admission.decision.rule.empty()) {
    fields.emplace_back("rule", admission.decision.rule);
  }
  if (admission.generation != 0) {
    fields.emplace_back("generation", std::to_string(admission.generation));
  }
}

// What a named account may see others may not: no cache may keep it.
void keepPrivate(net::Response& response, const access::Principal& principal) {
  if (!principal.anonymous()) {
    response.headers.set("Cache-Control", "private, no-store");
  }
}

// Puts the headers that every answer bears on the answer of the sink within.
class FinalSink final : public net::BodySink {
 public:
  explicit FinalSink(std::unique_ptr<net::BodySink> sink) : sink_(std::move(sink)) {}

  std::optional<net::Response> write(std::span<const std::byte> bytes) override {
    auto response = sink_->write(bytes);
    if (response) {
      setVersionHeader(*response);
    }
    return response;
  }
  net::Response finish() override {
    auto response = sink_->finish();
    setVersionHeader(response);
    return response;
  }
  void abort(net::AbortReason reason) noexcept override { sink_->abort(reason); }

 private:
  std::unique_ptr<net::BodySink> sink_;
};

}  // namespace

struct RegistryHandler::Entry final : net::HandlerState {
  explicit Entry(std::string_view path) : route(parseRoute(path)) {}

  Route route;
  std::optional<Action> action;  // what was decided about; nullopt: nothing was
  access::Admission admission;
};

// Calls the gate's admit() or tryAdmit() with what the request is about.
template <typename Admit>
auto RegistryHandler::admitWith(const Admit& admit, const net::Request& request, Entry& entry) const {
  const Row* row = findRow(entry.route.name, request.method);
  entry.action = row != nullptr ? row->action : std::optional(actionOf(request.method));
  const auto& repository = entry.route.repository;
  if (entry.action != Action::Ping && entry.action != Action::Catalog && !repository) {
    entry.action.reset();  // no repository to decide about: the answer will be an error
  }
  const access::Approach approach{request.peer.host(), request.headers.all("X-Forwarded-For"),
                                  request.headers.find("Authorization")};
  return std::invoke(admit, services_.gate, approach, entry.action, repository ? &*repository : nullptr);
}

std::unique_ptr<RegistryHandler::Entry> RegistryHandler::enter(net::Request& request) const {
  if (request.state) {
    return std::unique_ptr<Entry>(static_cast<Entry*>(request.state.release()));
  }
  auto entry = std::make_unique<Entry>(request.path);
  entry->admission = admitWith(&access::Gate::admit, request, *entry);
  return entry;
}

net::Disposition RegistryHandler::dispatch(const Exchange& exchange) {
  const access::Decision& decision = exchange.admission.decision;
  if (!decision.allowed()) {
    exchange.request.log.emplace_back("denied", decision.reason);
    return refusal(decision);
  }
  const Route& route = exchange.route;
  const Row* row = findRow(route.name, exchange.request.method);
  if (route.flaw) {
    return errorResponse(flawFor(exchange.request, route, row != nullptr));
  }
  return row != nullptr ? row->resource(services_, exchange) : methodNotServed(exchange.request, route.name);
}

net::Disposition RegistryHandler::handle(net::Request& request) {
  const auto entry = enter(request);
  return answer(request, *entry);
}

net::Disposition RegistryHandler::answer(net::Request& request, Entry& entry) {
  const Exchange exchange{request,
                          entry.route,
                          settings_,
                          manifestBudget_,
                          Query::parse(request.query),
                          entry.action,
                          std::move(entry.admission)};
  log(exchange);
  auto disposition = dispatch(exchange);
  if (auto* response = std::get_if<net::Response>(&disposition)) {
    setVersionHeader(*response);
    keepPrivate(*response, exchange.principal());
    return disposition;
  }
  return std::make_unique<FinalSink>(std::move(std::get<std::unique_ptr<net::BodySink>>(disposition)));
}

std::optional<net::Response> RegistryHandler::tryAnswer(net::Request& request) {
  auto entry = std::make_unique<Entry>(request.path);
  auto admission = admitWith(&access::Gate::tryAdmit, request, *entry);
  if (!admission) {
    return std::nullopt;  // a password takes its time
  }
  entry->admission = *std::move(admission);
  if (entry->admission.decision.allowed() && entry->route.name != RouteName::Ping) {
    auto response = answerFromMemory(request, *entry);
    if (!response) {
      request.state = std::move(entry);
    }
    return response;
  }
  auto disposition = answer(request, *entry);
  auto* response = std::get_if<net::Response>(&disposition);
  return response != nullptr ? std::optional(std::move(*response)) : std::nullopt;
}

// Precondition: the request was admitted.
std::optional<net::Response> RegistryHandler::answerFromMemory(net::Request& request, Entry& entry) {
  if (entry.action != Action::Pull ||
      (entry.route.name != RouteName::Manifest && entry.route.name != RouteName::Blob)) {
    return std::nullopt;
  }
  auto response = fromMemory(services_.answers, request);
  if (response) {
    const Exchange exchange{
        request, entry.route, settings_, manifestBudget_, Query::parse({}), entry.action, std::move(entry.admission)};
    log(exchange);
    keepPrivate(*response, exchange.principal());
  }
  return response;
}

}  // namespace rha::api
