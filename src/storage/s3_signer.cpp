#include "storage/s3_signer.h"

#include <algorithm>
#include <map>

#include "base/hasher.h"
#include "base/secret.h"
#include "base/text.h"

namespace rha::storage {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kService = "s3";
constexpr std::string_view kEnd = "aws4_request";

// "20130524T000000Z"
std::string compactTime(base::WallTime time) {
  std::string text;
  for (const char c : base::formatRfc3339(time)) {
    if (c != '-' && c != ':') {
      text += c;
    }
  }
  return text;
}

// Blanks in a row count as one.
std::string folded(std::string_view value) {
  std::string text;
  for (const char c : base::trim(value)) {
    if (c != ' ' || !text.ends_with(' ')) {
      text += c;
    }
  }
  return text;
}

std::string signature(std::string_view secret, std::string_view day, std::string_view region, std::string_view text) {
  std::string key = "AWS4" + std::string(secret);
  for (const std::string_view part : {day, region, kService, kEnd}) {
    key = base::hmacSha256(key, part);
  }
  return base::toHex(base::hmacSha256(key, text));
}

}  // namespace

std::string canonicalS3Query(const S3Query& query) {
  S3Query encoded;
  encoded.reserve(query.size());
  for (const auto& [name, value] : query) {
    encoded.emplace_back(base::percentEncode(name), base::percentEncode(value));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string text;
  for (const auto& [name, value] : encoded) {
    text.append(text.empty() ? "" : "&").append(name).append("=").append(value);
  }
  return text;
}

fetch::Headers signS3(const S3Unsigned& request, const S3Credentials& credentials, std::string_view region,
                      base::WallTime now) {
  const std::string time = compactTime(now);
  const std::string_view day = std::string_view(time).substr(0, 8);
  fetch::Headers headers = request.headers;
  headers.emplace_back("x-amz-date", time);
  headers.emplace_back("x-amz-content-sha256", request.payloadHash);
  if (!credentials.sessionToken.empty()) {
    headers.emplace_back("x-amz-security-token", credentials.sessionToken.reveal());
  }
  std::map<std::string, std::string> signedHeaders{{"host", std::string(request.host)}};
  for (const auto& [name, value] : headers) {
    signedHeaders[base::toLower(name)] = folded(value);
  }
  std::string lines;
  std::string names;
  for (const auto& [name, value] : signedHeaders) {
    lines.append(name).append(":").append(value).append("\n");
    names.append(names.empty() ? "" : ";").append(name);
  }
  std::string canonical(request.method);
  for (const std::string_view part :
       {request.path, request.query, std::string_view(lines), std::string_view(names), request.payloadHash}) {
    canonical.append("\n").append(part);
  }
  const std::string scope =
      std::string(day) + '/' + std::string(region) + '/' + std::string(kService) + '/' + std::string(kEnd);
  const std::string text = std::string(kAlgorithm) + '\n' + time + '\n' + scope + '\n' +
                           base::hashHex(base::HashAlgorithm::Sha256, canonical);
  headers.emplace_back("Authorization", std::string(kAlgorithm) + " Credential=" + credentials.accessKey + '/' + scope +
                                            ", SignedHeaders=" + names + ", Signature=" +
                                            signature(credentials.secretKey.reveal(), day, region, text));
  return headers;
}

}  // namespace rha::storage
