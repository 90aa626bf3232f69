#include <string>

#include "api/resources.h"

namespace rha::api {
namespace {

net::Response extensions(std::string_view endpoints) {
  std::string body =
      R"({"extensions":[{"name":"_oci","description":"extensions of the OCI distribution specification",)"
      R"("url":"https://github.com/opencontainers/distribution-spec/blob/main/extensions/_oci.md","endpoints":[)";
  body += endpoints;
  body += "]}]}\n";
  return {200, std::move(body), "application/json"};
}

}  // namespace

net::Disposition getExtensions(const Services&, const Exchange&) { return extensions(R"("_oci/ext/discover")"); }

net::Disposition getRepositoryExtensions(const Services&, const Exchange&) {
  return extensions(R"("_oci/ext/discover","_oci/tag-history")");
}

}  // namespace rha::api
