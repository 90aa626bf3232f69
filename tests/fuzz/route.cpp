// The path and query of a request: whatever is routed to a repository names it in no other way than its own.
#include "api/route.h"

#include "api/query.h"
#include "base/text.h"
#include "require.h"

using rha::api::Route;
using rha::api::RouteName;
using rha::fuzz::require;

namespace {

// The decoded path that a route stands for; the upload's id is not checked by the router.
std::string canonicalPath(const Route& route) {
  const std::string repository = "/v2/" + route.repository->text();
  switch (route.name) {
    case RouteName::Tags:
      return repository + "/tags/list";
    case RouteName::Manifest:
      return repository + "/manifests/" + route.reference->text();
    case RouteName::Blob:
      return repository + "/blobs/" + route.digest->text();
    case RouteName::Uploads:
      return repository + "/blobs/uploads";
    case RouteName::Upload:
      return repository + "/blobs/uploads/" + route.uploadId;
    case RouteName::Referrers:
      return repository + "/referrers/" + route.digest->text();
    case RouteName::RepositoryExtensions:
      return repository + "/_oci/ext/discover";
    case RouteName::TagHistory:
      return repository + "/_oci/tag-history/" + route.tag->text();
    default:
      require(false, "only these have a repository");
      return {};
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = rha::fuzz::asText(data, size);
  const auto mark = text.find('?');
  const auto path = text.substr(0, mark);
  const Route route = rha::api::parseRoute(path);
  require(!toString(route.name).empty(), "every route has a label");
  if (route.flaw) {
    rha::fuzz::requireClientText(route.flaw->message);
  } else if (route.repository) {
    const auto decoded = rha::base::percentDecode(path);
    require(decoded.has_value(), "what cannot be decoded is not routed");
    const auto canonical = canonicalPath(route);
    require(*decoded == canonical || (route.name == RouteName::Uploads && *decoded == canonical + "/"),
            "a repository is reached by its own name only");
  }
  if (mark != std::string_view::npos) {
    const auto query = rha::api::Query::parse(text.substr(mark + 1));
    require(query.all("tag").empty() == !query.find("tag").has_value(), "find() and all() agree");
  }
  return 0;
}
