#include "api/route.h"

#include <array>
#include <utility>

#include "base/text.h"
#include "oci/quote.h"

namespace rha::api {
namespace {

constexpr std::array<std::string_view, 14> kLabels = {"unknown",     "base",      "ping",       "catalog",
                                                      "tags",        "manifest",  "blob",       "uploads",
                                                      "upload",      "referrers", "extensions", "repository-extensions",
                                                      "tag-history", "health"};
static_assert(kLabels.size() == static_cast<std::size_t>(RouteName::Health) + 1);

// "a/b/c" -> {"a/b", "c"}; "c" -> {"", "c"}.
std::pair<std::string_view, std::string_view> cutLast(std::string_view text) {
  const auto slash = text.rfind('/');
  if (slash == std::string_view::npos) {
    return {{}, text};
  }
  return {text.substr(0, slash), text.substr(slash + 1)};
}

Route unknownPath(std::string_view path) {
  Route route;
  route.flaw = oci::Error{oci::ErrorCode::Unsupported, "this registry has nothing at " + oci::quote(path), {}, 404};
  return route;
}

// Fails the route unless it failed already: what stands further left is reported first.
void flaw(Route& route, oci::ErrorCode code, std::string message) {
  if (!route.flaw) {
    route.flaw = oci::Error{code, std::move(message), {}, 0};
  }
}

// Takes what was parsed out of the path, or why it could not be.
template <typename Value>
void take(Route& route, std::optional<Value>& part, base::Result<Value, std::string> parsed, oci::ErrorCode code) {
  if (parsed) {
    part = std::move(*parsed);
  } else {
    flaw(route, code, std::move(parsed).error());
  }
}

Route inRepository(RouteName name, std::string_view repository) {
  Route route;
  route.name = name;
  take(route, route.repository, oci::RepositoryName::parse(repository), oci::ErrorCode::NameInvalid);
  return route;
}

Route manifestRoute(std::string_view repository, std::string_view text) {
  Route route = inRepository(RouteName::Manifest, repository);
  auto reference = oci::Reference::parse(text);
  if (reference) {
    route.reference = std::move(*reference);
  } else {
    const bool isTag = reference.error().kind == oci::Reference::Kind::Tag;
    flaw(route, isTag ? oci::ErrorCode::TagInvalid : oci::ErrorCode::DigestInvalid, reference.error().message);
  }
  return route;
}

Route digestRoute(RouteName name, std::string_view repository, std::string_view text) {
  Route route = inRepository(name, repository);
  take(route, route.digest, oci::Digest::parse(text), oci::ErrorCode::DigestInvalid);
  return route;
}

Route tagHistoryRoute(std::string_view repository, std::string_view text) {
  Route route = inRepository(RouteName::TagHistory, repository);
  take(route, route.tag, oci::Tag::parse(text), oci::ErrorCode::TagInvalid);
  return route;
}

Route uploadRoute(std::string_view repository, std::string_view id) {
  Route route = inRepository(id.empty() ? RouteName::Uploads : RouteName::Upload, repository);
  route.uploadId = id;
  return route;
}

// Paths of the form <name>/<keyword>/<last>; nullopt if `rest` is none.
std::optional<Route> repositoryRoute(std::string_view rest) {
  const auto [beforeLast, last] = cutLast(rest);
  const auto [name, keyword] = cutLast(beforeLast);
  if (name.empty()) {
    return std::nullopt;
  }
  if (keyword == "manifests") {
    return manifestRoute(name, last);
  }
  if (keyword == "blobs") {
    return last == "uploads" ? uploadRoute(name, {}) : digestRoute(RouteName::Blob, name, last);
  }
  if (keyword == "tags" && last == "list") {
    return inRepository(RouteName::Tags, name);
  }
  if (keyword == "referrers") {
    return digestRoute(RouteName::Referrers, name, last);
  }
  const auto [outerName, outerKeyword] = cutLast(name);
  if (outerName.empty()) {
    return std::nullopt;
  }
  if (keyword == "uploads" && outerKeyword == "blobs") {
    return uploadRoute(outerName, last);
  }
  if (keyword == "ext" && last == "discover" && outerKeyword == "_oci") {
    return inRepository(RouteName::RepositoryExtensions, outerName);
  }
  if (keyword == "tag-history" && outerKeyword == "_oci") {
    return tagHistoryRoute(outerName, last);
  }
  return std::nullopt;
}

std::optional<RouteName> fixedRoute(std::string_view path) {
  constexpr std::array<std::pair<std::string_view, RouteName>, 5> kFixed = {{
      {"/v2/", RouteName::Ping},
      {"/v2", RouteName::Base},
      {"/v2/_catalog", RouteName::Catalog},
      {"/v2/_oci/ext/discover", RouteName::Extensions},
      {"/healthz", RouteName::Health},
  }};
  for (const auto& [text, name] : kFixed) {
    if (path == text) {
      return name;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view toString(RouteName name) { return kLabels.at(static_cast<std::size_t>(name)); }

Route parseRoute(std::string_view path) {
  const auto decoded = base::percentDecode(path);
  if (!decoded) {
    Route route = unknownPath(path);
    route.flaw->code = oci::ErrorCode::NameInvalid;
    route.flaw->message = "a '%' in the path is not followed by two hexadecimal digits";
    route.flaw->httpStatus = 400;
    return route;
  }
  if (const auto fixed = fixedRoute(*decoded)) {
    Route route;
    route.name = *fixed;
    return route;
  }
  constexpr std::string_view kPrefix = "/v2/";
  if (decoded->starts_with(kPrefix)) {
    if (auto route = repositoryRoute(std::string_view(*decoded).substr(kPrefix.size()))) {
      return std::move(*route);
    }
  }
  return unknownPath(*decoded);
}

}  // namespace rha::api
