#include "api/error_response.h"

#include <nlohmann/json.hpp>

#include "api/json_text.h"
#include "index/index.h"
#include "storage/storage_error.h"

namespace rha::api {
namespace {

constexpr std::string_view kRetryAfterSeconds = "5";

oci::ErrorCode codeOf(int status) {
  switch (status) {
    case 401:
      return oci::ErrorCode::Unauthorized;
    case 403:
      return oci::ErrorCode::Denied;
    case 413:
      return oci::ErrorCode::SizeInvalid;
    case 429:
      return oci::ErrorCode::TooManyRequests;
    case 503:
      return oci::ErrorCode::Unavailable;
    default:
      return status >= 500 && status != 501 && status != 505 ? oci::ErrorCode::Unknown : oci::ErrorCode::Unsupported;
  }
}

// {"code":"…","message":"…","detail":…}
std::string element(const oci::Error& error, std::string_view detail) {
  const auto& row = oci::info(error.code);
  std::string text = R"({"code":")";
  text += row.name;
  text += R"(","message":)";
  text += jsonString(error.message.empty() ? row.message : std::string_view(error.message));
  if (!detail.empty()) {
    text += R"(,"detail":)";
    text += detail;
  }
  text += '}';
  return text;
}

net::Response storageFailure(const storage::StorageError& error) {
  switch (error.failure()) {
    case storage::StorageFailure::NoSpace:
      return errorResponse({oci::ErrorCode::Unavailable, "the registry's storage is full", {}, 507});
    case storage::StorageFailure::Unavailable:
      return unavailable("the registry's storage cannot be reached; try again later");
    case storage::StorageFailure::Corrupt:
      return unavailable("what the registry's storage holds of this is damaged; its log says more");
    case storage::StorageFailure::Broken:
      break;
  }
  return errorResponse({oci::ErrorCode::Unknown, "the registry's storage failed; its log says more", {}, 0});
}

}  // namespace

void setVersionHeader(net::Response& response) {
  if (!response.fieldLines) {
    response.headers.set(kVersionField, std::string(kVersion));
  }
}

net::Response errorResponse(const oci::Error& error) {
  std::string body = R"({"errors":[)";
  if (error.detail.starts_with('[')) {
    const auto details = nlohmann::json::parse(error.detail);
    for (std::size_t i = 0; i < details.size(); ++i) {
      body += (i == 0 ? "" : ",") + element(error, details[i].dump());
    }
  } else {
    body += element(error, error.detail);
  }
  body += "]}\n";
  const int status = error.httpStatus != 0 ? error.httpStatus : oci::info(error.code).httpStatus;
  net::Response response(status, std::move(body), "application/json");
  setVersionHeader(response);
  return response;
}

net::Response statusResponse(int status, std::string_view message) {
  return errorResponse({codeOf(status), std::string(message), {}, status});
}

net::Response unavailable(std::string message) {
  auto response = errorResponse({oci::ErrorCode::Unavailable, std::move(message), {}, 0});
  response.headers.add("Retry-After", std::string(kRetryAfterSeconds));
  return response;
}

net::Response refusal(const access::Decision& decision) {
  if (decision.verdict == access::Decision::Verdict::Challenge) {
    auto response = errorResponse({oci::ErrorCode::Unauthorized, decision.message, {}, 0});
    response.headers.add("WWW-Authenticate", decision.challenge);
    return response;
  }
  if (decision.verdict == access::Decision::Verdict::TooMany) {
    auto response = errorResponse({oci::ErrorCode::TooManyRequests, decision.message, {}, 0});
    response.headers.add("Retry-After", std::to_string(decision.retryAfter.count()));
    return response;
  }
  return errorResponse({oci::ErrorCode::Denied, decision.message, {}, 0});
}

net::Response exceptionResponse(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const storage::StorageError& failure) {
    return storageFailure(failure);
  } catch (const index::IndexError&) {
    return unavailable("the registry's index is not ready; try again later");
  } catch (const std::exception&) {
    return errorResponse({oci::ErrorCode::Unknown, {}, {}, 0});
  }
}

}  // namespace rha::api
