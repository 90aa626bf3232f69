// Error answers: {"errors":[{"code":"…","message":"…","detail":…}]}, as the OCI distribution-spec has them. The one
// place that turns an oci::Error, a refusal or an exception into a Response.
//
// Pure functions; thread-safe. No text of an exception ever goes to a client: it may hold storage paths.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "access/decision.h"
#include "net/response.h"
#include "oci/error_code.h"

namespace rha::api {

inline constexpr std::string_view kVersionField = "Docker-Distribution-Api-Version";
inline constexpr std::string_view kVersion = "registry/2.0";

// Sets the header that every answer bears exactly once, unless it is among the lines composed before.
void setVersionHeader(net::Response& response);

net::Response errorResponse(const oci::Error& error);
// As above with the table's code for `status` where there is one (401, 403, 404, 429, 503 …), else UNKNOWN (5xx) or
// UNSUPPORTED: for refusals of the engine, which know no registry codes.
net::Response statusResponse(int status, std::string_view message);
// 503 with Retry-After.
net::Response unavailable(std::string message);
// 401 with the challenge, 403, or 429 with Retry-After. Precondition: !decision.allowed().
net::Response refusal(const access::Decision& decision);
// The answer to what a handler threw: storage full 507, storage or index out of reach 503, anything else 500.
net::Response exceptionResponse(const std::exception_ptr& error) noexcept;

}  // namespace rha::api
