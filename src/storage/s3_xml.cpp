#include "storage/s3_xml.h"

#include <expat.h>

#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "base/text.h"

namespace rha::storage {
namespace {

constexpr std::size_t kMaxDepth = 16;

struct FreeParser {
  void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};
using Parser = std::unique_ptr<std::remove_pointer_t<XML_Parser>, FreeParser>;

// Calls `visit` at the end of each element with its path ("Error/Code") and its own text.
class Walk {
 public:
  using Visit = std::function<void(std::string_view path, const std::string& text)>;

  explicit Walk(Visit visit) : visit_(std::move(visit)), parser_(XML_ParserCreate("UTF-8")) {
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), begin, end);
    XML_SetCharacterDataHandler(parser_.get(), text);
    XML_SetStartDoctypeDeclHandler(parser_.get(), doctype);
  }

  // False: it is not XML, or has what no S3 sends.
  bool run(std::string_view xml) {
    const std::size_t first = xml.find_first_not_of(" \t\r\n");
    xml.remove_prefix(std::min(first, xml.size()));
    return XML_Parse(parser_.get(), xml.data(), static_cast<int>(xml.size()), 1) == XML_STATUS_OK;
  }

 private:
  static void begin(void* self, const XML_Char* name, const XML_Char** /*attributes*/) {
    auto& walk = *static_cast<Walk*>(self);
    if (walk.depth_++ >= kMaxDepth) {
      XML_StopParser(walk.parser_.get(), XML_FALSE);
      return;
    }
    walk.path_.append(walk.path_.empty() ? "" : "/").append(name);
    walk.text_.clear();
  }
  static void end(void* self, const XML_Char* name) {
    auto& walk = *static_cast<Walk*>(self);
    --walk.depth_;
    walk.visit_(walk.path_, walk.text_);
    const std::size_t length = std::string_view(name).size();
    walk.path_.resize(walk.path_.size() - std::min(walk.path_.size(), length + 1));
    walk.text_.clear();
  }
  static void text(void* self, const XML_Char* bytes, int size) {
    static_cast<Walk*>(self)->text_.append(bytes, static_cast<std::size_t>(size));
  }
  static void doctype(void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    XML_StopParser(static_cast<Walk*>(self)->parser_.get(), XML_FALSE);
  }

  Visit visit_;
  Parser parser_;
  std::string path_;
  std::string text_;
  std::size_t depth_ = 0;
};

// Form encoding: a blank may be '+'.
std::string decodedKey(std::string text) {
  for (char& c : text) {
    c = c == '+' ? ' ' : c;
  }
  return base::percentDecode(text).value_or(text);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

void takeErrorPart(S3ErrorBody& error, std::string_view name, const std::string& text) {
  if (name == "Code") {
    error.code = text;
  } else if (name == "Message") {
    error.message = text;
  } else if (name == "Region") {
    error.region = text;
  }
}

}  // namespace

std::optional<S3ErrorBody> parseS3Error(std::string_view xml) {
  S3ErrorBody error;
  bool isError = false;
  constexpr std::string_view kRoot = "Error/";
  Walk walk([&](std::string_view path, const std::string& text) {
    isError = isError || path == "Error";
    if (path.starts_with(kRoot)) {
      takeErrorPart(error, path.substr(kRoot.size()), text);
    }
  });
  return walk.run(xml) && isError ? std::optional(std::move(error)) : std::nullopt;
}

std::optional<S3Page> parseS3Page(std::string_view xml) {
  S3Page page;
  bool isPage = false;
  bool truncated = false;
  bool sound = true;
  S3Entry entry;
  Walk walk([&](std::string_view path, const std::string& text) {
    if (path == "ListBucketResult/Contents/Key") {
      entry.key = decodedKey(text);
    } else if (path == "ListBucketResult/Contents/Size") {
      const auto size = base::parseUnsigned(text);
      sound = sound && size;
      entry.size = size.value_or(0);
    } else if (path == "ListBucketResult/Contents") {
      page.entries.push_back(std::exchange(entry, {}));
    } else if (path == "ListBucketResult/CommonPrefixes/Prefix") {
      page.entries.push_back({decodedKey(text), 0, /*isFolder=*/true});
      sound = sound && page.entries.back().key.ends_with('/');
    } else if (path == "ListBucketResult/IsTruncated") {
      truncated = text == "true";
    } else if (path == "ListBucketResult/NextContinuationToken") {
      page.next = text;
    }
    isPage = isPage || path == "ListBucketResult";
  });
  if (!walk.run(xml) || !isPage || !sound || (truncated && page.next.empty())) {
    return std::nullopt;
  }
  if (!truncated) {
    page.next.clear();
  }
  return page;
}

std::optional<S3MultipartPage> parseS3Multiparts(std::string_view xml) {
  S3MultipartPage page;
  bool isPage = false;
  bool truncated = false;
  S3Multipart upload;
  constexpr std::string_view kRoot = "ListMultipartUploadsResult";
  const std::map<std::string_view, std::function<void(const std::string&)>> parts{
      {"/Upload/Key", [&](const std::string& text) { upload.key = decodedKey(text); }},
      {"/Upload/UploadId", [&](const std::string& text) { upload.id = text; }},
      {"/Upload/Initiated", [&](const std::string& text) { upload.begun = base::parseRfc3339(text); }},
      {"/Upload", [&](const std::string&) { page.uploads.push_back(std::exchange(upload, {})); }},
      {"/IsTruncated", [&](const std::string& text) { truncated = text == "true"; }},
      {"/NextKeyMarker", [&](const std::string& text) { page.nextKey = decodedKey(text); }},
      {"/NextUploadIdMarker", [&](const std::string& text) { page.nextId = text; }},
      {"", [&](const std::string&) { isPage = true; }}};
  Walk walk([&](std::string_view path, const std::string& text) {
    const bool within = path.starts_with(kRoot);
    if (const auto part = within ? parts.find(path.substr(kRoot.size())) : parts.end(); part != parts.end()) {
      part->second(text);
    }
  });
  if (!walk.run(xml) || !isPage || (truncated && page.nextKey.empty())) {
    return std::nullopt;
  }
  if (!truncated) {
    page.nextKey.clear();
    page.nextId.clear();
  }
  return page;
}

std::optional<std::string> parseS3Value(std::string_view xml, std::string_view path) {
  std::optional<std::string> value;
  Walk walk([&](std::string_view at, const std::string& text) {
    if (at == path) {
      value = text;
    }
  });
  return walk.run(xml) ? value : std::nullopt;
}

std::optional<std::vector<S3ErrorBody>> parseS3DeleteErrors(std::string_view xml) {
  std::vector<S3ErrorBody> errors;
  S3ErrorBody error;
  bool isResult = false;
  constexpr std::string_view kError = "DeleteResult/Error";
  Walk walk([&](std::string_view path, const std::string& text) {
    isResult = isResult || path == "DeleteResult";
    if (path == kError) {
      errors.push_back(std::exchange(error, {}));
    } else if (path.starts_with(kError)) {
      takeErrorPart(error, path.substr(kError.size() + 1), text);
    }
  });
  return walk.run(xml) && isResult ? std::optional(std::move(errors)) : std::nullopt;
}

std::string s3DeleteBody(const std::vector<std::string>& keys) {
  std::string body = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>";
  for (const std::string& key : keys) {
    body += "<Object><Key>" + escaped(key) + "</Key></Object>";
  }
  return body + "</Delete>";
}

std::string s3CompleteBody(const std::vector<std::string>& etags) {
  std::string body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (std::size_t i = 0; i < etags.size(); ++i) {
    body += "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>" + escaped(etags[i]) + "</ETag></Part>";
  }
  return body + "</CompleteMultipartUpload>";
}

}  // namespace rha::storage
