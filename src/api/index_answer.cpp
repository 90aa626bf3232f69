#include "api/index_answer.h"

#include <string>

#include "oci/manifest.h"

namespace rha::api {

net::Response indexAnswer(std::string_view descriptors) {
  const std::string type(oci::media_type::kOciIndex);
  std::string body = R"({"schemaVersion":2,"mediaType":")" + type + R"(","manifests":[)";
  body += descriptors;
  body += "]}\n";
  return {200, std::move(body), type};
}

}  // namespace rha::api
