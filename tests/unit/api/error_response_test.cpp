#include "api/error_response.h"

#include <gtest/gtest.h>

#include "index/index.h"
#include "storage/storage_error.h"

namespace {

using rha::net::Response;
using rha::oci::ErrorCode;

std::string bodyOf(const Response& response) { return std::get<std::string>(response.body); }

template <typename Exception>
Response answerTo(const Exception& exception) {
  return rha::api::exceptionResponse(std::make_exception_ptr(exception));
}

TEST(ErrorResponse, hasTheSpecifiedBody) {
  const auto response = rha::api::errorResponse({ErrorCode::NameUnknown, "no \"x\"", R"({"name":"x"})", 0});
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.find("Content-Type"), "application/json");
  EXPECT_EQ(bodyOf(response),
            "{\"errors\":[{\"code\":\"NAME_UNKNOWN\",\"message\":\"no \\\"x\\\"\",\"detail\":{\"name\":\"x\"}}]}\n");
}

TEST(ErrorResponse, takesMessageAndStatusFromTheTable) {
  const auto response = rha::api::errorResponse({ErrorCode::ManifestUnknown, {}, {}, 0});
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(bodyOf(response), "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest unknown\"}]}\n");
}

TEST(ErrorResponse, bearsTheApiVersionOnce) {
  auto response = rha::api::errorResponse({ErrorCode::Denied, {}, {}, 0});
  rha::api::setVersionHeader(response);
  EXPECT_EQ(response.headers.all("Docker-Distribution-API-Version"), std::vector<std::string_view>{"registry/2.0"});
}

TEST(ErrorResponse, survivesBytesThatAreNotUtf8) {
  EXPECT_EQ(bodyOf(rha::api::errorResponse({ErrorCode::Unknown, "a\xff", {}, 0})),
            "{\"errors\":[{\"code\":\"UNKNOWN\",\"message\":\"a\xEF\xBF\xBD\"}]}\n");
}

TEST(ErrorResponse, aChallengeIs401AndADenial403) {
  rha::access::Decision decision;
  decision.verdict = rha::access::Decision::Verdict::Challenge;
  decision.challenge = "Basic realm=\"x\"";
  const auto challenge = rha::api::refusal(decision);
  EXPECT_EQ(challenge.status, 401);
  EXPECT_EQ(challenge.headers.find("WWW-Authenticate"), "Basic realm=\"x\"");
  EXPECT_NE(bodyOf(challenge).find("UNAUTHORIZED"), std::string::npos);
  decision.verdict = rha::access::Decision::Verdict::Deny;
  EXPECT_EQ(rha::api::refusal(decision).status, 403);
}

TEST(ErrorResponse, exceptionsNeverShowTheirText) {
  using rha::storage::StorageError;
  using rha::storage::StorageFailure;
  const std::string path = "/var/lib/secret/path";
  const auto full = answerTo(StorageError(StorageFailure::NoSpace, path));
  const auto away = answerTo(StorageError(StorageFailure::Unavailable, path));
  const auto damaged = answerTo(StorageError(StorageFailure::Corrupt, path));
  const auto broken = answerTo(StorageError(StorageFailure::Broken, path));
  const auto index = answerTo(rha::index::IndexError(path));
  const auto other = answerTo(std::runtime_error(path));
  EXPECT_EQ(full.status, 507);
  EXPECT_EQ(away.status, 503);
  EXPECT_TRUE(away.headers.has("Retry-After"));
  EXPECT_EQ(damaged.status, 503);
  EXPECT_NE(bodyOf(damaged).find("damaged"), std::string::npos);
  EXPECT_EQ(broken.status, 500);
  EXPECT_EQ(index.status, 503);
  EXPECT_TRUE(index.headers.has("Retry-After"));
  EXPECT_EQ(other.status, 500);
  for (const auto* response : {&full, &away, &damaged, &broken, &index, &other}) {
    EXPECT_EQ(bodyOf(*response).find("secret"), std::string::npos);
  }
}

TEST(ErrorResponse, refusalsOfTheEngineHaveACode) {
  EXPECT_NE(bodyOf(rha::api::statusResponse(431, "too large")).find("UNSUPPORTED"), std::string::npos);
  EXPECT_NE(bodyOf(rha::api::statusResponse(503, "full")).find("UNAVAILABLE"), std::string::npos);
  EXPECT_EQ(rha::api::statusResponse(408, "slow").status, 408);
}

}  // namespace
