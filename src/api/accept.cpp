#include "api/accept.h"

#include <algorithm>
#include <initializer_list>

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

bool isOneOf(std::string_view name, std::initializer_list<std::string_view> types) {
  return std::any_of(types.begin(), types.end(), [name](std::string_view type) {
    return name.size() == type.size() && base::equalIgnoringCase(name, type);
  });
}

}  // namespace

// Asked for each GET by tag: makes no copies of what has no parameters.
bool wantsSchema1(const net::Headers& headers) {
  namespace type = oci::media_type;
  bool schema1 = false;
  for (const auto& [field, value] : headers.fields()) {
    if (!isOneOf(field, {"Accept"})) {
      continue;
    }
    for (std::string_view rest = value; !rest.empty();) {
      const std::string_view part = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(part.size() + 1, rest.size()));
      const std::string_view name = base::trim(part.substr(0, part.find(';')));
      if (part.find(';') != std::string_view::npos && isRefused(part)) {
        continue;
      }
      if (isOneOf(name, {type::kDockerManifest, type::kDockerList, type::kOciManifest, type::kOciIndex})) {
        return false;
      }
      schema1 = schema1 || isOneOf(name, {type::kDockerSchema1, type::kDockerSchema1Signed});
    }
  }
  return schema1;
}

}  // namespace rha::api
