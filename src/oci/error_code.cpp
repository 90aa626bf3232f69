#include "oci/error_code.h"

#include <array>
#include <cstddef>

namespace rha::oci {
namespace {

// In the order of the enumeration.
constexpr std::array kTable = {
    ErrorCodeInfo{ErrorCode::BlobUnknown, "BLOB_UNKNOWN", 404, "blob unknown to registry",
                  "The repository holds no blob of that digest."},
    ErrorCodeInfo{ErrorCode::BlobUploadInvalid, "BLOB_UPLOAD_INVALID", 400, "blob upload invalid",
                  "The upload cannot be carried on; begin a new one."},
    ErrorCodeInfo{ErrorCode::BlobUploadUnknown, "BLOB_UPLOAD_UNKNOWN", 404, "blob upload unknown to registry",
                  "The upload was cancelled, has expired, is finished already, or never began."},
    ErrorCodeInfo{ErrorCode::DigestInvalid, "DIGEST_INVALID", 400, "provided digest did not match uploaded content",
                  "The digest is malformed, of an unsupported algorithm, or not the one of the bytes received."},
    ErrorCodeInfo{ErrorCode::ManifestBlobUnknown, "MANIFEST_BLOB_UNKNOWN", 400, "blob unknown to registry",
                  "The manifest refers to a blob or manifest the repository lacks; push that first."},
    ErrorCodeInfo{ErrorCode::ManifestInvalid, "MANIFEST_INVALID", 400, "manifest invalid",
                  "The manifest is not valid; the message says where."},
    ErrorCodeInfo{ErrorCode::ManifestUnknown, "MANIFEST_UNKNOWN", 404, "manifest unknown",
                  "The repository holds no manifest of that tag or digest."},
    ErrorCodeInfo{ErrorCode::ManifestUnverified, "MANIFEST_UNVERIFIED", 400, "manifest failed signature verification",
                  "Of the time of signed schema 1 manifests, which are not accepted any more."},
    ErrorCodeInfo{ErrorCode::NameInvalid, "NAME_INVALID", 400, "invalid repository name",
                  "The repository name breaks the rules of the distribution specification."},
    ErrorCodeInfo{ErrorCode::NameUnknown, "NAME_UNKNOWN", 404, "repository name not known to registry",
                  "The registry has no repository of that name."},
    ErrorCodeInfo{ErrorCode::SizeInvalid, "SIZE_INVALID", 400, "provided length did not match content length",
                  "The body is shorter or longer than announced, or than the registry accepts."},
    ErrorCodeInfo{ErrorCode::TagInvalid, "TAG_INVALID", 400, "manifest tag did not match URI",
                  "The tag breaks the rules of the distribution specification."},
    ErrorCodeInfo{ErrorCode::PaginationNumberInvalid, "PAGINATION_NUMBER_INVALID", 400,
                  "invalid number of results requested",
                  "The parameter n is not a number, or larger than the registry allows."},
    ErrorCodeInfo{ErrorCode::RangeInvalid, "RANGE_INVALID", 416, "invalid content range",
                  "The chunk does not follow on what was received; ask for the upload's state and go on from there."},
    ErrorCodeInfo{ErrorCode::PreconditionFailed, "PRECONDITION_FAILED", 412,
                  "the precondition of the request does not hold",
                  "If-Match or If-None-Match asked for another state than there is; look at it and decide again."},
    ErrorCodeInfo{ErrorCode::Unauthorized, "UNAUTHORIZED", 401, "authentication required",
                  "The request needs credentials or carries wrong ones."},
    ErrorCodeInfo{ErrorCode::Denied, "DENIED", 403, "requested access to the resource is denied",
                  "The credentials are good but do not allow this."},
    ErrorCodeInfo{ErrorCode::Unsupported, "UNSUPPORTED", 405, "The operation is unsupported.",
                  "The registry does not offer this operation, or it is switched off."},
    ErrorCodeInfo{ErrorCode::TooManyRequests, "TOOMANYREQUESTS", 429, "too many requests",
                  "The client is over its limit; try again after the time in Retry-After."},
    ErrorCodeInfo{ErrorCode::Unavailable, "UNAVAILABLE", 503, "service unavailable",
                  "The registry or its storage cannot serve this now; try again later."},
    ErrorCodeInfo{ErrorCode::Unknown, "UNKNOWN", 500, "unknown error",
                  "Something failed in the registry; its log has the cause under the request's id."},
};

constexpr bool inOrder() {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (kTable[i].code != static_cast<ErrorCode>(i)) {
      return false;
    }
  }
  return kTable.size() == static_cast<std::size_t>(ErrorCode::Unknown) + 1;
}
static_assert(inOrder(), "one row per code, in the order of the enumeration");

}  // namespace

const ErrorCodeInfo& info(ErrorCode code) { return kTable.at(static_cast<std::size_t>(code)); }

std::span<const ErrorCodeInfo> allErrorCodes() { return kTable; }

}  // namespace rha::oci
