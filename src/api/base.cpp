#include "api/resources.h"

namespace rha::api {

net::Disposition redirectToPing(const Services&, const Exchange&) {
  net::Response response(301);
  response.headers.add("Location", "/v2/");
  return response;
}

net::Disposition getPing(const Services&, const Exchange&) { return net::Response(200, "{}", "application/json"); }

net::Disposition getHealth(const Services&, const Exchange&) {
  net::Response response(200,
                         R"({"role":"active","read_only":false,"status":"ok"})"
                         "\n",
                         "application/json");
  response.headers.add("Cache-Control", "no-store");
  return response;
}

}  // namespace rha::api
