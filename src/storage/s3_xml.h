// The XML that S3 answers with, and the little that it is sent. Answers come from another machine: they are bounded by
// whoever reads them, entities are not expanded, and what is no XML is nullopt.
//
// Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace rha::storage {

struct S3ErrorBody {
  std::string code;     // "NoSuchKey"
  std::string message;  // for humans
  std::string region;   // the right one, where the wrong one was asked
};

struct S3Entry {
  std::string key;
  std::uint64_t size = 0;
  bool isFolder = false;  // then the key ends with '/'
};

struct S3Page {
  std::vector<S3Entry> entries;
  std::string next;  // continuation token; empty: this was the last page
};

// A multipart upload that was begun and not ended.
struct S3Multipart {
  std::string key;
  std::string id;
  std::optional<base::WallTime> begun;
};

struct S3MultipartPage {
  std::vector<S3Multipart> uploads;
  std::string nextKey;  // both: where the next page begins; empty: this was the last one
  std::string nextId;
};

// nullopt: the body is no <Error>.
std::optional<S3ErrorBody> parseS3Error(std::string_view xml);
// ListBucketResult, whose keys are percent-encoded (encoding-type=url).
std::optional<S3Page> parseS3Page(std::string_view xml);
// ListMultipartUploadsResult, whose keys are percent-encoded.
std::optional<S3MultipartPage> parseS3Multiparts(std::string_view xml);
// Text of an element, by its path from the root: "InitiateMultipartUploadResult/UploadId".
std::optional<std::string> parseS3Value(std::string_view xml, std::string_view path);
// The errors within a DeleteResult; nullopt: it is none.
std::optional<std::vector<S3ErrorBody>> parseS3DeleteErrors(std::string_view xml);

// Bodies of requests.
std::string s3DeleteBody(const std::vector<std::string>& keys);
// `etags` of the parts 1, 2, …
std::string s3CompleteBody(const std::vector<std::string>& etags);

}  // namespace rha::storage
