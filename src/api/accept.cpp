#include "api/accept.h"

#include "base/text.h"
#include "oci/manifest.h"

namespace rha::api {

bool wantsSchema1(const net::Headers& headers) {
  namespace type = oci::media_type;
  bool schema1 = false;
  for (const auto value : headers.all("Accept")) {
    for (const auto part : base::split(value, ',')) {
      const auto name = type::normalise(base::trim(part));
      if (name == type::kDockerManifest || name == type::kDockerList || name == type::kOciManifest ||
          name == type::kOciIndex) {
        return false;
      }
      schema1 = schema1 || name == type::kDockerSchema1 || name == type::kDockerSchema1Signed;
    }
  }
  return schema1;
}

}  // namespace rha::api
