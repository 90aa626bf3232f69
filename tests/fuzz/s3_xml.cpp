// What an S3 answers: listings, errors, and values by their path. Whatever is taken for a listing can be gone on with.
#include "storage/s3_xml.h"

#include "require.h"

using rha::fuzz::require;
using namespace rha::storage;

namespace {

void checkPage(std::string_view xml) {
  const auto page = parseS3Page(xml);
  if (!page) {
    return;
  }
  for (const S3Entry& entry : page->entries) {
    require(!entry.isFolder || entry.key.ends_with('/'), "a folder ends with a slash");
    require(!entry.isFolder || entry.size == 0, "a folder has no size");
    require(entry.key.size() <= xml.size(), "nothing is expanded");
  }
  require(page->next.size() <= xml.size(), "nothing is expanded");
  require(!parseS3Error(xml) && !parseS3DeleteErrors(xml), "a body is one thing only");
}

void checkErrors(std::string_view xml) {
  if (const auto error = parseS3Error(xml)) {
    require(error->code.size() + error->message.size() + error->region.size() <= xml.size(), "nothing is expanded");
    require(!parseS3DeleteErrors(xml), "a body is one thing only");
    require(parseS3Value(xml, "Error/Code").value_or("") == error->code, "the same value by its path");
  }
  if (const auto errors = parseS3DeleteErrors(xml)) {
    require(errors->size() <= xml.size(), "an error takes some bytes");
    for (const auto& each : *errors) {
      const std::string body = s3CompleteBody({each.code});
      require(parseS3Value(body, "CompleteMultipartUpload/Part/ETag").has_value(), "text that came can be sent");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view xml = rha::fuzz::asText(data, size);
  checkPage(xml);
  checkErrors(xml);
  for (const std::string_view path : {"InitiateMultipartUploadResult/UploadId", "CopyPartResult/ETag"}) {
    if (const auto value = parseS3Value(xml, path)) {
      require(value->size() <= xml.size(), "nothing is expanded");
      require(xml.find(path.substr(0, path.find('/'))) != std::string_view::npos, "the root is the one asked for");
    }
  }
  return 0;
}
