// Signatures of requests to S3: Amazon's "Signature Version 4" in the Authorization header. libcurl 7.88 can sign, too,
// but does not sort the query and leaves headers out that some stores insist on.
//
//   canonical request = METHOD \n path \n query \n header lines \n names of the headers \n hash of the body
//   text to sign      = "AWS4-HMAC-SHA256" \n time \n day/region/s3/aws4_request \n SHA-256 of the above
//   key               = HMAC(HMAC(HMAC(HMAC("AWS4" + secret, day), region), "s3"), "aws4_request")
//
// Pure functions; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "fetch/request.h"
#include "storage/s3_credentials.h"

namespace rha::storage {

// In place of the body's hash: over the body there is no signature. Its MD5 is, where it is sent as a header.
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

using S3Query = std::vector<std::pair<std::string, std::string>>;

struct S3Unsigned {
  std::string_view method;
  std::string_view host;   // as in the Host header: with the port unless it is the scheme's own
  std::string_view path;   // percent-encoded as it is sent, from its first slash on
  std::string_view query;  // of canonicalS3Query(), as it is sent
  const fetch::Headers& headers;
  std::string_view payloadHash;  // hex SHA-256 of the body, or kUnsignedPayload
};

// Percent-encoded and sorted, without '?': to be sent and to be signed.
std::string canonicalS3Query(const S3Query& query);

// The headers of the request, the ones that signing adds, and Authorization.
fetch::Headers signS3(const S3Unsigned& request, const S3Credentials& credentials, std::string_view region,
                      base::WallTime now);

}  // namespace rha::storage
