// The error codes a registry answers with: one table (error_code.cpp) of code, HTTP status, message and description.
//
// Sources: OCI distribution-spec 1.1.1 "Error Codes"; Docker Registry HTTP API V2; production clients.
// Pure data; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace rha::oci {

enum class ErrorCode : std::uint8_t {
  BlobUnknown,
  BlobUploadInvalid,
  BlobUploadUnknown,
  DigestInvalid,
  ManifestBlobUnknown,
  ManifestInvalid,
  ManifestUnknown,
  ManifestUnverified,
  NameInvalid,
  NameUnknown,
  SizeInvalid,
  TagInvalid,
  PaginationNumberInvalid,
  RangeInvalid,
  PreconditionFailed,
  Unauthorized,
  Denied,
  Unsupported,
  TooManyRequests,
  Unavailable,
  Unknown,
};

struct ErrorCodeInfo {
  ErrorCode code;
  std::string_view name;  // as in the JSON body: "BLOB_UNKNOWN"
  int httpStatus;         // the usual one; a handler may choose another where the spec says so
  std::string_view message;
  std::string_view description;  // for the manual
};

const ErrorCodeInfo& info(ErrorCode code);
std::span<const ErrorCodeInfo> allErrorCodes();

// An expected failure of a registry operation, to be answered as an OCI error body.
// `message` and `detail` go to the client: never a storage path, an errno text or a secret.
struct Error {
  ErrorCode code = ErrorCode::Unknown;
  std::string message;  // empty: the table's
  std::string detail;   // JSON text, or empty for none; of an array, each element makes an error of its own
  int httpStatus = 0;   // 0: the table's
};

}  // namespace rha::oci
