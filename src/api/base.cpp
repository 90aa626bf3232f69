#include "api/resources.h"

namespace rha::api {

net::Disposition redirectToPing(const Services&, const Exchange&) {
  net::Response response(301);
  response.headers.add("Location", "/v2/");
  return response;
}

net::Disposition getPing(const Services&, const Exchange&) { return net::Response(200, "{}", "application/json"); }

net::Disposition getHealth(const Services&, const Exchange& exchange) {
  const access::Mode& mode = exchange.admission.mode;
  std::string body = R"({"role":")";
  body += mode.role == access::Role::Passive ? "passive" : "active";
  body += R"(","read_only":)";
  body += mode.readOnly ? "true" : "false";
  net::Response response(200, body + R"(,"status":"ok"})" + "\n", "application/json");
  response.headers.add("Cache-Control", "no-store");
  return response;
}

}  // namespace rha::api
