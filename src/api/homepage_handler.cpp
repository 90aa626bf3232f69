#include "api/homepage_handler.h"

#include <algorithm>
#include <cerrno>

#include "api/error_response.h"
#include "base/error.h"
#include "base/file_source.h"
#include "base/http_date.h"
#include "base/text.h"

namespace rha::api {
namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'";

// Our own pages use the site's style sheet if there is one, and need none.
constexpr std::string_view kPageBegin =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
    "content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<link "
    "rel=\"stylesheet\" href=\"/style.css\">\n";

constexpr std::string_view kNotBuilt =
    "<title>Container registry</title>\n</head>\n<body>\n<main>\n<h1>Container registry</h1>\n<p>The registry is "
    "running. The list of its images has not been made yet; it is made every hour, and at once by "
    "<code>systemctl start docker-registry-ha-homepage.service</code> on the registry's host.</p>\n<p>Clients use "
    "<code>/v2/</code>.</p>\n</main>\n</body>\n</html>\n";

constexpr std::string_view kNotFound =
    "<title>Not found</title>\n</head>\n<body>\n<main>\n<h1>There is no such page</h1>\n<p>The image may have been "
    "deleted, or is not for everybody.</p>\n<p><a href=\"/\">All images</a></p>\n</main>\n</body>\n</html>\n";

constexpr std::string_view kOwnStyle =
    ":root{color-scheme:light dark}body{margin:0;font:16px/1.5 system-ui,sans-serif}main{max-width:40rem;margin:0 "
    "auto;padding:2rem 1.25rem}h1{font-size:1.5rem}\n";

std::unique_ptr<base::BodySource> fileBody(base::Fd file, std::uint64_t sizeBytes) {
  return std::make_unique<base::FileSource>(std::move(file), 0, sizeBytes, [](int error) {
    throw base::IoError(error == 0 ? EIO : error, "cannot read a file of the homepage");
  });
}

void secure(net::Response& response) {
  response.headers.add("Content-Security-Policy", std::string(kPolicy));
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.headers.add("Referrer-Policy", "same-origin");
  response.headers.add("Cross-Origin-Opener-Policy", "same-origin");
  setVersionHeader(response);
}

net::Response ownPage(int status, std::string_view rest) {
  net::Response response(status, std::string(kPageBegin) + std::string(rest), "text/html; charset=utf-8");
  response.headers.add("Cache-Control", "no-store");
  secure(response);
  return response;
}

bool namesTag(std::string_view list, std::string_view tag) {
  for (auto each : base::split(list, ',')) {
    each = base::trim(each);
    if (each.starts_with("W/")) {
      each.remove_prefix(2);
    }
    if (each == tag || each == "*") {
      return true;
    }
  }
  return false;
}

// RFC 9110, section 13.2.2: the entity tag counts if there is one, else the time.
bool isUnchanged(const net::Headers& headers, const SiteFile& file) {
  if (const auto tags = headers.find("If-None-Match")) {
    return namesTag(*tags, file.entityTag);
  }
  const auto field = headers.find("If-Modified-Since");
  const auto since = field ? base::parseHttpDate(*field) : std::nullopt;
  return since && file.modified <= *since;
}

net::Response fileResponse(const net::Request& request, SiteFile file) {
  net::Response response(isUnchanged(request.headers, file) ? 304 : 200);
  response.headers.add("ETag", file.entityTag);
  response.headers.add("Last-Modified", base::formatHttpDate(file.modified));
  // Kept by whoever likes, but asked about each time: a page and its style belong to one build.
  response.headers.add("Cache-Control", "no-cache");
  secure(response);
  if (response.status == 200) {
    response.headers.add("Content-Type", std::string(file.contentType));
    response.body = fileBody(std::move(file.file), file.sizeBytes);
  }
  return response;
}

bool isBrowser(const net::Request& request) {
  const auto accept = request.headers.find("Accept");
  return accept && accept->find("text/html") != std::string_view::npos;
}

bool isForTheApi(std::string_view path) { return path == "/v2" || path.starts_with("/v2/") || path == "/healthz"; }

}  // namespace

std::optional<oci::RepositoryName> pageRepository(const std::vector<std::string_view>& parts) {
  std::size_t end = parts.size() - 1;                // the file
  if (end > 0 && parts[end - 1].starts_with('_')) {  // a further page
    --end;
  }
  if (end < 2 || parts[end - 1] != "tags") {
    return std::nullopt;
  }
  std::string name;
  for (std::size_t i = 0; i + 1 < end; ++i) {
    name += i == 0 ? "" : "/";
    name += parts[i].starts_with('_') ? parts[i].substr(1) : parts[i];  // as the builder writes names it has itself
  }
  auto parsed = oci::RepositoryName::parse(name);
  return parsed ? std::optional(std::move(*parsed)) : std::nullopt;
}

std::optional<SiteFile> HomepageHandler::find(const net::Request& request,
                                              const std::vector<std::string_view>& parts) const {
  if (const auto repository = pageRepository(parts)) {
    const access::Approach approach{request.peer.host(), request.headers.all("X-Forwarded-For"), std::nullopt};
    const access::Admission admission = gate_.admit(approach, std::nullopt, nullptr);
    const access::Principal anonymous;
    const access::Question question{.principal = anonymous,
                                    .client = admission.client,
                                    .action = access::Action::Pull,
                                    .repository = &*repository,
                                    .mountFrom = nullptr};
    if (!admission.policy->decide(question).allowed()) {
      return std::nullopt;
    }
  }
  return folder_.open(parts);
}

// Where there is no file: a page that says so, if the path is one of ours.
net::Response HomepageHandler::missing(const std::string& path) const {
  if (!folder_.exists()) {
    if (path == "/") {
      return ownPage(200, kNotBuilt);
    }
    if (path == "/style.css") {
      net::Response response(200, std::string(kOwnStyle), "text/css; charset=utf-8");
      response.headers.add("Cache-Control", "no-store");
      secure(response);
      return response;
    }
  }
  return ownPage(404, kNotFound);
}

// nullopt: nothing of the homepage.
std::optional<net::Response> HomepageHandler::serve(const net::Request& request) const {
  const auto path = base::percentDecode(request.path);
  if ((request.method != "GET" && request.method != "HEAD") || !path || isForTheApi(*path)) {
    return std::nullopt;
  }
  const auto parts = siteParts(*path);
  if (parts) {
    if (auto file = find(request, *parts)) {
      return fileResponse(request, std::move(*file));
    }
  }
  auto page = parts;  // "/library/alpine/tags" for "/library/alpine/tags/"
  if (page && !path->ends_with('/')) {
    page->emplace_back("index.html");
    if (find(request, *page)) {
      net::Response response(301);
      response.headers.add("Location", request.path + "/");
      secure(response);
      return response;
    }
  }
  const bool ours = *path == "/" || (*path == "/style.css" && !folder_.exists());
  return ours || isBrowser(request) ? std::optional(missing(*path)) : std::nullopt;
}

net::Disposition HomepageHandler::handle(net::Request& request) {
  auto response = serve(request);
  if (!response) {
    return next_.handle(request);
  }
  request.log.emplace_back("handler", "homepage");
  return std::move(*response);
}

}  // namespace rha::api
