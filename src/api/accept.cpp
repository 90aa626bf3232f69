#include "api/accept.h"

#include <algorithm>

#include "base/text.h"
#include "oci/manifest.h"

namespace rha::api {
namespace {

// Whether a media range has the weight 0, which means "not this" (RFC 9110, 12.4.2).
bool isRefused(std::string_view range) {
  const auto parameters = base::split(range, ';');
  return std::any_of(parameters.begin() + 1, parameters.end(), [](std::string_view parameter) {
    parameter = base::trim(parameter);
    const auto value = base::trim(parameter.substr(std::min(parameter.size(), std::size_t{2})));
    return base::equalIgnoringCase(parameter.substr(0, 2), "q=") && !value.empty() &&
           value.find_first_not_of("0.") == std::string_view::npos;
  });
}

}  // namespace

bool wantsSchema1(const net::Headers& headers) {
  namespace type = oci::media_type;
  bool schema1 = false;
  for (const auto value : headers.all("Accept")) {
    for (const auto part : base::split(value, ',')) {
      if (isRefused(part)) {
        continue;
      }
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
