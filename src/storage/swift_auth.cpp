#include "storage/swift_auth.h"

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "storage/storage_error.h"

namespace rha::storage {
namespace {

using nlohmann::json;
using std::chrono::seconds;

constexpr std::uint64_t kMaxPasswordBytes = 4096;
constexpr std::uint64_t kMaxAnswerBytes = 4U << 20U;  // a Keystone catalogue may be long
// Renewed this long before the end, or a tenth of its life if that is less; but asked for no more often than this:
// TempAuth hands out the same token until it has expired.
constexpr seconds kRenewBefore{30};
constexpr seconds kAskInterval{5};
constexpr seconds kLifeUnknown{3600};
constexpr std::chrono::milliseconds kRenewalWait{90'000};

[[noreturn]] void failAuth(StorageFailure failure, const std::string& why) {
  throw StorageError(failure, "swift: cannot get a token: " + why);
}

std::string withoutSlash(std::string_view url) {
  while (url.ends_with('/')) {
    url.remove_suffix(1);
  }
  return std::string(url);
}

void requireSuccess(const fetch::Response& response, const SwiftSettings& settings) {
  const int status = response.head.status;
  if (status == 401 || status == 403) {
    failAuth(StorageFailure::Broken, settings.authUrl + " refused the user \"" + settings.user + "\" (" +
                                         std::to_string(status) + "); the password is read from " +
                                         settings.passwordFile.string());
  }
  if (status < 200 || status > 299) {
    const bool passing = status >= 500 || status == 408 || status == 429 || status == 498 || status == 499;
    failAuth(passing ? StorageFailure::Unavailable : StorageFailure::Broken,
             settings.authUrl + " answered " + std::to_string(status));
  }
}

std::string headerOf(const fetch::Response& response, std::string_view name, const SwiftSettings& settings) {
  const auto value = response.head.find(name);
  if (!value || value->empty()) {
    failAuth(StorageFailure::Broken, settings.authUrl + " answered without " + std::string(name) + ": is it a v" +
                                         std::to_string(settings.authVersion) + " auth URL?");
  }
  return std::string(*value);
}

json keystoneQuestion(const SwiftSettings& settings, std::string_view password) {
  return {{"auth",
           {{"identity",
             {{"methods", {"password"}},
              {"password",
               {{"user",
                 {{"name", settings.user},
                  {"domain", {{"name", settings.userDomain}}},
                  {"password", std::string(password)}}}}}}},
            {"scope", {{"project", {{"name", settings.project}, {"domain", {{"name", settings.projectDomain}}}}}}}}}};
}

// A string member of an object; "" when it is missing or something else.
std::string text(const json& object, const char* key) {
  if (!object.is_object()) {
    return "";
  }
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

const json& list(const json& object, const char* key) {
  static const json none = json::array();
  if (!object.is_object()) {
    return none;
  }
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : none;
}

std::string endpointIn(const json& token, const SwiftSettings& settings) {
  for (const json& service : list(token, "catalog")) {
    if (text(service, "type") != "object-store") {
      continue;
    }
    for (const json& endpoint : list(service, "endpoints")) {
      const bool here = settings.region.empty() || text(endpoint, "region") == settings.region ||
                        text(endpoint, "region_id") == settings.region;
      if (here && text(endpoint, "interface") == settings.endpointType) {
        return withoutSlash(text(endpoint, "url"));
      }
    }
  }
  failAuth(StorageFailure::Broken, "the catalogue of " + settings.authUrl + " has no " + settings.endpointType +
                                       " endpoint of an object store" +
                                       (settings.region.empty() ? "" : " in region \"" + settings.region + "\""));
}

}  // namespace

SwiftAuth::SwiftAuth(SwiftSettings settings, fetch::Client& client, RequestMetrics& metrics, const base::Clock& clock)
    : settings_(std::move(settings)), client_(client), metrics_(metrics), clock_(clock) {}

std::shared_ptr<const SwiftToken> SwiftAuth::token() {
  {
    auto state = state_.lock();
    const bool good = state->token && clock_.steady() < state->token->expires;
    if (good && (state->renewing || clock_.steady() < state->askAgain)) {
      return state->token;
    }
    if (state->renewing) {
      const std::uint64_t failures = state->failures;
      if (!renewed_.wait_for(state.native(), kRenewalWait, [&] { return !state->renewing; })) {
        failAuth(StorageFailure::Unavailable, settings_.authUrl + " does not answer");
      }
      if (state->token) {
        return state->token;
      }
      if (state->failures != failures) {
        std::rethrow_exception(state->lastFailure);
      }
    }
    state->renewing = true;
  }
  return renew();
}

std::shared_ptr<const SwiftToken> SwiftAuth::renew() {
  std::shared_ptr<const SwiftToken> fresh;
  std::exception_ptr failure;
  try {
    fresh = std::make_shared<const SwiftToken>(request());
  } catch (...) {
    failure = std::current_exception();  // for the threads that wait, and rethrown below
  }
  auto state = state_.lock();
  state->renewing = false;
  const auto now = clock_.steady();
  if (fresh) {
    const auto life = fresh->expires - now;
    const auto early = std::min<base::SteadyTime::duration>(kRenewBefore, life / 10);
    state->token = fresh;
    state->askAgain = std::max(fresh->expires - early, now + std::min<base::SteadyTime::duration>(kAskInterval, life));
  } else {
    ++state->failures;
    state->lastFailure = failure;
    if (state->token && now >= state->token->expires) {
      state->token = nullptr;
    }
    state->askAgain = now + kAskInterval;
    fresh = state->token;  // still good: the next one may have more luck
  }
  renewed_.notify_all();
  if (!fresh) {
    std::rethrow_exception(failure);
  }
  return fresh;
}

void SwiftAuth::reject(const std::shared_ptr<const SwiftToken>& token) {
  auto state = state_.lock();
  if (state->token == token) {
    state->token = nullptr;
  }
}

base::Secret SwiftAuth::readPassword() const {
  try {
    const auto contents = base::readFile(settings_.passwordFile, kMaxPasswordBytes);
    if (!contents) {
      failAuth(StorageFailure::Broken, "there is no " + settings_.passwordFile.string());
    }
    return base::Secret(std::string(base::trim(base::split(*contents, '\n').front())));
  } catch (const base::IoError& error) {
    failAuth(StorageFailure::Broken, error.what());
  } catch (const std::length_error&) {
    failAuth(StorageFailure::Broken, settings_.passwordFile.string() + " is too large to hold a password");
  }
}

fetch::Response SwiftAuth::ask(const fetch::Request& request) {
  const auto begin = std::chrono::steady_clock::now();
  try {
    auto response = client_.fetch(request, kMaxAnswerBytes);
    metrics_.attempt("auth", response.head.status, std::chrono::steady_clock::now() - begin);
    requireSuccess(response, settings_);
    return response;
  } catch (const fetch::FetchError& error) {
    metrics_.attempt("auth", 0, std::chrono::steady_clock::now() - begin);
    failAuth(error.failure() == fetch::FetchFailure::Invalid ? StorageFailure::Broken : StorageFailure::Unavailable,
             error.what());
  }
}

SwiftToken SwiftAuth::request() {
  Retry retry(settings_.retry);
  while (true) {
    try {
      const base::Secret password = readPassword();
      return settings_.authVersion == 3 ? requestV3(password) : requestV1(password);
    } catch (const StorageError& error) {
      if (error.failure() != StorageFailure::Unavailable || !retry.pause()) {
        throw;
      }
      metrics_.retry("auth");
    }
  }
}

SwiftToken SwiftAuth::requestV1(const base::Secret& password) {
  const auto response =
      ask({.url = settings_.authUrl,
           .headers = {{"X-Auth-User", settings_.user}, {"X-Auth-Key", std::string(password.reveal())}},
           .deadlines = {.total = settings_.requestTimeout}});
  const auto life = base::parseUnsigned(response.head.find("X-Auth-Token-Expires").value_or(""));
  return {base::Secret(headerOf(response, "X-Auth-Token", settings_)),
          withoutSlash(headerOf(response, "X-Storage-Url", settings_)),
          clock_.steady() + (life ? seconds(*life) : kLifeUnknown)};
}

SwiftToken SwiftAuth::requestV3(const base::Secret& password) {
  const std::string question = keystoneQuestion(settings_, password.reveal()).dump();
  const fetch::MemoryBody body(question);
  const auto response = ask({.method = "POST",
                             .url = withoutSlash(settings_.authUrl) + "/auth/tokens",
                             .headers = {{"Content-Type", "application/json"}},
                             .body = &body,
                             .deadlines = {.total = settings_.requestTimeout}});
  const json answer = json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  const json none;
  const auto found = answer.is_object() ? answer.find("token") : answer.end();
  const json& token = answer.is_object() && found != answer.end() ? *found : none;
  const auto expires = base::parseRfc3339(text(token, "expires_at"));
  const auto life = expires ? *expires - clock_.now() : std::chrono::microseconds(kLifeUnknown);
  return {base::Secret(headerOf(response, "X-Subject-Token", settings_)), endpointIn(token, settings_),
          clock_.steady() + life};
}

}  // namespace rha::storage
