#include "client/registry_client.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.h"
#include "oci/manifest.h"

namespace rha::client {
namespace {

using nlohmann::json;

constexpr std::size_t kMostPages = 1'000'000;
constexpr std::string_view kTimestamp = "org.opencontainers.distribution.tag.timestamp";

// What a client that understands everything sends.
std::string manifestTypes() {
  using namespace oci::media_type;
  std::string list;
  for (const auto type : {kOciIndex, kOciManifest, kDockerList, kDockerManifest}) {
    list += std::string(type) + ", ";
  }
  return list + "*/*;q=0.1";
}

std::string toBase64(std::string_view bytes) {
  std::string text = base::toBase64Url(bytes);
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  return text.append((4 - text.size() % 4) % 4, '=');
}

bool meansLater(int status) { return status == 429 || status == 502 || status == 503 || status == 504; }

bool mayWorkAgain(fetch::FetchFailure failure) {
  return failure == fetch::FetchFailure::Unreachable || failure == fetch::FetchFailure::Broken ||
         failure == fetch::FetchFailure::TimedOut;
}

// The target between '<' and '>' of a Link field whose rel is next; empty: none.
std::string nextLink(std::string_view field) {
  for (auto link : base::split(field, ',')) {
    link = base::trim(link);
    const auto end = link.find('>');
    const auto relation = base::toLower(link.substr(std::min(end, link.size())));
    const bool isNext =
        relation.find("rel=\"next\"") != std::string::npos || relation.find("rel=next") != std::string::npos;
    if (link.starts_with('<') && end != std::string_view::npos && isNext) {
      return std::string(link.substr(1, end - 1));
    }
  }
  return {};
}

std::string pathOf(const oci::RepositoryName& repository, std::string_view rest) {
  return "/v2/" + repository.text() + '/' + std::string(rest);
}

// The list of texts under `key` of a page; null counts as empty.
std::vector<std::string> texts(const std::string& body, const char* key) {
  const json page = json::parse(body, nullptr, false);
  std::vector<std::string> list;
  const auto found = page.is_object() ? page.find(key) : page.end();
  if (!page.is_object() || found == page.end() || (!found->is_array() && !found->is_null())) {
    throw std::runtime_error(std::string("the answer has no list \"") + key + '"');
  }
  for (const json& each : *found) {
    if (each.is_string()) {
      list.push_back(each.get<std::string>());
    }
  }
  return list;
}

}  // namespace

RegistryClient::RegistryClient(fetch::Client& fetcher, RegistryAddress address, ClientSettings settings)
    : fetcher_(fetcher), address_(std::move(address)), settings_(std::move(settings)) {}

void RegistryClient::fail(int status, const std::string& target, const std::string& why) const {
  throw ClientError(status, address_.host() + target.substr(0, target.find('?')) + ": " + why);
}

fetch::Response RegistryClient::get(const std::string& target, std::uint64_t maxBytes, const fetch::Headers& more) {
  fetch::Request request{.url = address_.origin() + target, .headers = more, .redirects = fetch::Redirects::Follow};
  if (settings_.credentials) {
    const auto& credentials = *settings_.credentials;
    request.headers.emplace_back(
        "Authorization", "Basic " + toBase64(credentials.account + ':' + std::string(credentials.password.reveal())));
  }
  auto pause = settings_.firstPause;
  for (int attempt = 1;; ++attempt) {
    const bool last = attempt >= settings_.attempts;
    auto wait = pause;
    try {
      auto response = fetcher_.fetch(request, maxBytes);
      if (!meansLater(response.head.status)) {
        return response;
      }
      if (last) {
        fail(response.head.status, target, "answers " + std::to_string(response.head.status) + " again and again");
      }
      if (const auto seconds = base::parseUnsigned(response.head.find("Retry-After").value_or(""))) {
        wait = std::chrono::seconds(std::min<std::uint64_t>(*seconds, 3600));
      }
    } catch (const fetch::FetchError& error) {
      if (last || !mayWorkAgain(error.failure())) {
        fail(0, target, error.what());
      }
    }
    std::this_thread::sleep_for(std::min(wait, settings_.longestPause));
    pause *= 2;
  }
}

std::string RegistryClient::nextPage(const fetch::ResponseHead& head, const std::string& current) const {
  std::string next = nextLink(head.find("Link").value_or(""));
  if (next.starts_with(address_.origin() + '/')) {
    next.erase(0, address_.origin().size());
  } else if (const auto scheme = next.find("://"); scheme != std::string::npos) {
    // Behind a proxy a registry may not know its own name; the path is what counts, and it is asked here only.
    const auto slash = next.find('/', scheme + 3);
    next = slash == std::string::npos ? "" : next.substr(slash);
  } else if (next.starts_with('?')) {
    next = current.substr(0, current.find('?')) + next;
  }
  if (next == current) {
    fail(0, current, "the list leads to itself");
  }
  return next.starts_with("/v2/") ? next : "";
}

bool RegistryClient::pages(std::string target, const std::function<void(const std::string&)>& page) {
  for (std::size_t count = 0; count < kMostPages; ++count) {
    const auto answer = get(target, settings_.maxListBytes);
    const int status = answer.head.status;
    if (status == 404) {
      return false;
    }
    if (status != 200) {
      fail(status, target, "answers " + std::to_string(status));
    }
    try {
      page(answer.body);
    } catch (const ClientError&) {
      throw;
    } catch (const std::runtime_error& error) {
      fail(0, target, error.what());
    }
    target = nextPage(answer.head, target);
    if (target.empty()) {
      return true;
    }
  }
  fail(0, target, "the list has no end");
}

void RegistryClient::catalog(const std::function<void(const std::string&)>& visit) {
  const std::string target = "/v2/_catalog";
  const bool found = pages(target, [&](const std::string& body) {
    for (const std::string& name : texts(body, "repositories")) {
      visit(name);
    }
  });
  if (!found) {
    fail(404, target, "this registry has no catalogue, so its images cannot be listed");
  }
}

std::optional<std::vector<oci::Tag>> RegistryClient::tags(const oci::RepositoryName& repository) {
  std::vector<oci::Tag> list;
  const bool found = pages(pathOf(repository, "tags/list"), [&](const std::string& body) {
    for (const std::string& text : texts(body, "tags")) {
      if (auto tag = oci::Tag::parse(text)) {
        list.push_back(std::move(*tag));
      }
    }
  });
  return found ? std::optional(std::move(list)) : std::nullopt;
}

std::optional<FetchedManifest> RegistryClient::manifest(const oci::RepositoryName& repository,
                                                        const oci::Reference& reference) {
  const std::string target = pathOf(repository, "manifests/" + reference.text());
  auto answer = get(target, settings_.maxManifestBytes, {{"Accept", manifestTypes()}});
  if (answer.head.status == 404) {
    return std::nullopt;
  }
  if (answer.head.status != 200) {
    fail(answer.head.status, target, "answers " + std::to_string(answer.head.status));
  }
  const auto said = oci::Digest::parse(answer.head.find("Docker-Content-Digest").value_or(""));
  const oci::Digest* wanted = reference.digest() != nullptr ? reference.digest() : said ? &*said : nullptr;
  auto digest = oci::Digest::of(answer.body, wanted != nullptr ? wanted->algorithm() : oci::HashAlgorithm::Sha256);
  if (wanted != nullptr && digest != *wanted) {
    fail(0, target, "the bytes are not those of " + wanted->text());
  }
  return FetchedManifest{std::move(digest), std::string(answer.head.find("Content-Type").value_or("")),
                         std::move(answer.body)};
}

std::optional<std::string> RegistryClient::blob(const oci::RepositoryName& repository, const oci::Digest& digest,
                                                std::uint64_t maxBytes) {
  const std::string target = pathOf(repository, "blobs/" + digest.text());
  auto answer = get(target, maxBytes);
  if (answer.head.status == 404) {
    return std::nullopt;
  }
  if (answer.head.status != 200) {
    fail(answer.head.status, target, "answers " + std::to_string(answer.head.status));
  }
  if (oci::Digest::of(answer.body, digest.algorithm()) != digest) {
    fail(0, target, "the bytes are not those of the digest");
  }
  return std::move(answer.body);
}

std::optional<std::vector<Referrer>> RegistryClient::referrers(const oci::RepositoryName& repository,
                                                               const oci::Digest& subject) {
  std::vector<Referrer> list;
  const bool found = pages(pathOf(repository, "referrers/" + subject.text()), [&](const std::string& body) {
    auto page = parseReferrers(body);
    std::move(page.begin(), page.end(), std::back_inserter(list));
  });
  return found ? std::optional(std::move(list)) : std::nullopt;
}

bool RegistryClient::hasTagHistory(const oci::RepositoryName& repository) {
  const auto answer = get(pathOf(repository, "_oci/ext/discover"), settings_.maxManifestBytes);
  return answer.head.status == 200 && answer.body.find("\"_oci/tag-history\"") != std::string::npos;
}

std::optional<base::WallTime> RegistryClient::pushedAt(const oci::RepositoryName& repository, const oci::Tag& tag) {
  const std::string target = pathOf(repository, "_oci/tag-history/" + tag.text() + "?n=1");
  const auto answer = get(target, settings_.maxManifestBytes);
  const json document = answer.head.status == 200 ? json::parse(answer.body, nullptr, false) : json();
  const json::json_pointer place("/manifests/0/annotations/" + std::string(kTimestamp));
  if (!document.is_object() || !document.contains(place) || !document.at(place).is_string()) {
    return std::nullopt;
  }
  return base::parseRfc3339(document.at(place).get_ref<const std::string&>());
}

std::vector<Referrer> parseReferrers(const std::string& indexJson) {
  const json document = json::parse(indexJson, nullptr, false);
  const auto manifests = document.is_object() ? document.find("manifests") : document.end();
  if (!document.is_object() || manifests == document.end() || !manifests->is_array()) {
    throw ClientError(0, "the list of referrers is no image index");
  }
  std::vector<Referrer> list;
  for (const json& each : *manifests) {
    const auto text = [&](const char* key) {
      const auto found = each.is_object() ? each.find(key) : each.end();
      return each.is_object() && found != each.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    if (auto digest = oci::Digest::parse(text("digest"))) {
      list.push_back({std::move(*digest), text("artifactType")});
    }
  }
  return list;
}

}  // namespace rha::client
