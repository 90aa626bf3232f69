// HomepageHandler: serves the homepage's files to GET and HEAD, and leaves every other request to the registry's API.
//
//   /v2…, /healthz, other methods ──────────────> the API
//   /, /library/alpine/tags/, /style.css … ── SiteFolder ──> the file, 304, or a page of our own: not built yet, 404
//
// Open to everybody, but the page of an image that an anonymous client may not pull (any more) is not there.
// Owned by the composition root; thread-safe (see net::Handler).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/gate.h"
#include "api/site_folder.h"
#include "net/handler.h"
#include "oci/names.h"

namespace rha::api {

// The repository whose page (or JSON, or further page) is at `parts`; nullopt if it is another file of the site.
std::optional<oci::RepositoryName> pageRepository(const std::vector<std::string_view>& parts);

class HomepageHandler final : public net::Handler {
 public:
  // `next` and `gate` are borrowed.
  HomepageHandler(std::filesystem::path folder, net::Handler& next, const access::Gate& gate)
      : folder_(std::move(folder)), next_(next), gate_(gate) {}

  net::Disposition handle(net::Request& request) override;
  std::optional<net::Response> tryAnswer(net::Request& request) override { return next_.tryAnswer(request); }

 private:
  [[nodiscard]] std::optional<net::Response> serve(const net::Request& request) const;
  [[nodiscard]] std::optional<SiteFile> find(const net::Request& request,
                                             const std::vector<std::string_view>& parts) const;
  [[nodiscard]] net::Response missing(const std::string& path) const;

  SiteFolder folder_;
  net::Handler& next_;
  const access::Gate& gate_;
};

}  // namespace rha::api
