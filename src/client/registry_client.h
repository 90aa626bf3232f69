// RegistryClient: reads a registry over the OCI distribution API: catalogue, tags, manifests, blobs, referrers.
//
//   RegistryClient client(fetcher, address, {});
//   client.catalog([](std::string_view name) { … });
//   auto manifest = client.manifest(repository, reference);
//
// Lists are followed from page to page, within the registry itself only. What is fetched by digest is verified. An
// answer that says "later" (429, 502, 503, 504), and a connection that breaks, are tried again a few times.
// Thread-safe; blocking; how many requests run at once is the fetcher's limit. Failure: ClientError; "not there" is a
// normal answer (nullopt).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "client/docker_config.h"
#include "client/registry_address.h"
#include "fetch/client.h"
#include "oci/digest.h"
#include "oci/names.h"

namespace rha::client {

// what(): registry, path and what is wrong, for the operator; no credentials.
class ClientError final : public std::runtime_error {
 public:
  ClientError(int status, const std::string& what) : std::runtime_error(what), status_(status) {}
  // Of the answer; 0: there was none, or it made no sense.
  [[nodiscard]] int status() const { return status_; }
  // Whether the registry wants other credentials for it, or none will do.
  [[nodiscard]] bool denied() const { return status_ == 401 || status_ == 403; }

 private:
  int status_;
};

struct ClientSettings {
  std::optional<Credentials> credentials;  // sent with every request; none: anonymous
  int attempts = 4;
  std::chrono::milliseconds firstPause{
      250};  // before the second attempt; doubles. Retry-After wins, up to longestPause
  std::chrono::milliseconds longestPause{10'000};
  std::uint64_t maxManifestBytes = 4 * 1024 * 1024;
  std::uint64_t maxListBytes = 64 * 1024 * 1024;  // one page of a list
};

struct FetchedManifest {
  oci::Digest digest;     // of the bytes
  std::string mediaType;  // as the registry said
  std::string bytes;
};

struct Referrer {
  oci::Digest digest;
  std::string artifactType;  // may be empty
};

class RegistryClient final {
 public:
  // `fetcher` is borrowed.
  RegistryClient(fetch::Client& fetcher, RegistryAddress address, ClientSettings settings);

  [[nodiscard]] const RegistryAddress& address() const { return address_; }

  // Calls `visit` for each name, in the order of the registry; names that are none are passed on too.
  void catalog(const std::function<void(const std::string&)>& visit);
  // All tags; nullopt if there is no such repository. What is no tag is left out.
  std::optional<std::vector<oci::Tag>> tags(const oci::RepositoryName& repository);
  std::optional<FetchedManifest> manifest(const oci::RepositoryName& repository, const oci::Reference& reference);
  std::optional<std::string> blob(const oci::RepositoryName& repository, const oci::Digest& digest,
                                  std::uint64_t maxBytes);
  // By the referrers API; nullopt if the registry does not have it.
  std::optional<std::vector<Referrer>> referrers(const oci::RepositoryName& repository, const oci::Digest& subject);
  // Whether the registry has the tag history extension for it (_oci/tag-history).
  bool hasTagHistory(const oci::RepositoryName& repository);
  // When the tag came to point where it does, by that extension; nullopt if it does not know.
  std::optional<base::WallTime> pushedAt(const oci::RepositoryName& repository, const oci::Tag& tag);

 private:
  // The answer to GET, after all attempts; any status but those that say "later".
  fetch::Response get(const std::string& target, std::uint64_t maxBytes, const fetch::Headers& more = {});
  // One page after the other, each a JSON object, until there is no next; false from the first 404 on.
  bool pages(std::string target, const std::function<void(const std::string& body)>& page);
  // The target of the next page; empty: none.
  [[nodiscard]] std::string nextPage(const fetch::ResponseHead& head, const std::string& current) const;
  [[noreturn]] void fail(int status, const std::string& target, const std::string& why) const;

  fetch::Client& fetcher_;
  const RegistryAddress address_;
  const ClientSettings settings_;
};

// The descriptors of an image index as referrers: what the referrers API answers, and what lies under the fallback tag.
// Throws ClientError on anything else.
std::vector<Referrer> parseReferrers(const std::string& indexJson);

}  // namespace rha::client
