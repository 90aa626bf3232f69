#include "api/locations.h"

#include <algorithm>

#include "base/text.h"

namespace rha::api {
namespace {

bool isAuthority(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == ':' || c == '[' || c == ']';
  };
  return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), allowed);
}

// "https://host:port", as the client sees us; "" when it cannot be told, which leaves the location relative. A client
// that lies in these headers misleads itself only.
std::string origin(const net::Request& request) {
  const auto forwardedHost = request.headers.find("X-Forwarded-Host");
  const auto host = forwardedHost ? forwardedHost : request.headers.find("Host");
  if (!host || !isAuthority(*host)) {
    return {};
  }
  const auto forwardedScheme = request.headers.find("X-Forwarded-Proto").value_or("");
  const bool secure = forwardedScheme == "https" || (forwardedScheme != "http" && request.secure);
  return (secure ? "https://" : "http://") + std::string(*host);
}

std::string locate(const net::Request& request, const ApiSettings& settings, const std::string& path) {
  return settings.relativeLocations ? path : origin(request) + path;
}

}  // namespace

std::string blobLocation(const net::Request& request, const ApiSettings& settings,
                         const oci::RepositoryName& repository, const oci::Digest& digest) {
  return locate(request, settings, "/v2/" + repository.text() + "/blobs/" + digest.text());
}

std::string manifestLocation(const net::Request& request, const ApiSettings& settings,
                             const oci::RepositoryName& repository, const oci::Digest& digest) {
  return locate(request, settings, "/v2/" + repository.text() + "/manifests/" + digest.text());
}

std::string uploadLocation(const net::Request& request, const ApiSettings& settings,
                           const oci::RepositoryName& repository, const registry::UploadTicket& ticket) {
  std::string path = "/v2/" + repository.text() + "/blobs/uploads/" + ticket.id;
  if (!ticket.token.empty()) {
    path += "?_state=" + base::percentEncode(ticket.token);
  }
  return locate(request, settings, path);
}

std::string nextLink(std::string_view path, const std::vector<std::pair<std::string_view, std::string>>& parameters) {
  std::string link = "<";
  link += path;
  char separator = '?';
  for (const auto& [key, value] : parameters) {
    link += separator;
    link += key;
    link += '=';
    link += base::percentEncode(value);
    separator = '&';
  }
  link += R"(>; rel="next")";
  return link;
}

}  // namespace rha::api
