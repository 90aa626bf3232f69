#include "api/debug_handler.h"

#include "api/error_response.h"
#include "api/json_text.h"
#include "oci/quote.h"

namespace rha::api {

net::Response DebugHandler::health() const {
  const auto failures = checks_();
  std::string body = "{";
  for (const auto& [name, text] : failures) {
    body += body.size() > 1 ? "," : "";
    body += jsonString(name) + ":" + jsonString(text);
  }
  body += '}';
  return {failures.empty() ? 200 : 503, std::move(body), "application/json"};
}

net::Disposition DebugHandler::handle(net::Request& request) {
  const bool isHealth = request.path == "/debug/health";
  if (!isHealth && request.path != "/metrics") {
    return statusResponse(404, "the debug listener has nothing at " + oci::quote(request.path) +
                                   "; it serves /debug/health and /metrics");
  }
  request.log.emplace_back("handler", isHealth ? "debug-health" : "metrics");
  if (request.method != "GET" && request.method != "HEAD") {
    auto response = statusResponse(405, "only GET and HEAD are supported here");
    response.headers.add("Allow", "GET, HEAD");
    return response;
  }
  return isHealth ? health() : net::Response(200, metrics_.render(), "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace rha::api
