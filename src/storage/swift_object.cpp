#include "storage/swift_object.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace rha::storage {
namespace {

using nlohmann::json;

constexpr std::string_view kSegmentsHeader = "X-Object-Meta-Registry-Segments-";
constexpr std::string_view kUploadHeader = "X-Object-Meta-Registry-Upload";
constexpr std::size_t kMaxHeaderValue = 240;  // Swift takes 256
constexpr std::size_t kSideBySide = 16;
constexpr std::uint64_t kMaxPageBytes = 8U << 20U;
constexpr std::size_t kDigits = 16;

[[noreturn]] void failCorrupt(const SwiftService& service, const std::string& name, const std::string& why) {
  throw StorageError(StorageFailure::Corrupt, "swift: " + service.settings.container + '/' + name + ": " + why);
}

base::WallTime timeOf(const fetch::ResponseHead& head) {
  // X-Timestamp: seconds since 1970 with five decimals.
  const std::string_view text = head.find("X-Timestamp").value_or("");
  const std::size_t point = std::min(text.find('.'), text.size());
  const auto whole = base::parseUnsigned(text.substr(0, point));
  std::string micros(text.substr(std::min(point + 1, text.size())).substr(0, 6));
  micros.resize(6, '0');
  return base::WallTime(std::chrono::seconds(whole.value_or(0)) +
                        std::chrono::microseconds(base::parseUnsigned(micros).value_or(0)));
}

std::optional<std::string> listTextOf(const fetch::ResponseHead& head) {
  std::string text;
  for (std::size_t i = 0;; ++i) {
    const auto value = head.find(std::string(kSegmentsHeader) + std::to_string(i));
    if (!value) {
      return i == 0 ? std::nullopt : std::optional(text);
    }
    text += *value;
  }
}

// "container/prefix" to the prefix. Segments in another container are not ours, nor the old registry's.
std::string prefixOf(const SwiftService& service, std::string_view manifest) {
  const std::string decoded = base::percentDecode(manifest).value_or("");
  const std::string own = service.names.container() + '/';
  if (!decoded.starts_with(own)) {
    failCorrupt(service, decoded, "a manifest names segments outside of the container");
  }
  std::string prefix = decoded.substr(own.size());
  while (prefix.ends_with('/')) {
    prefix.pop_back();
  }
  return prefix;
}

std::optional<std::uint64_t> sizeOf(SwiftService& service, const std::string& name, const std::string& endpoint) {
  const auto response =
      SwiftCall(service, {.operation = "segment_head", .method = "HEAD", .object = name, .endpoint = endpoint})
          .finish();
  return response.head.status == 404 ? std::nullopt : response.head.contentLength();
}

// Number of a segment by its name; 0 if it has none.
std::uint64_t numberOf(std::string_view name, std::string_view prefix) {
  if (name.size() != prefix.size() + 1 + kDigits || !name.starts_with(prefix) || name[prefix.size()] != '/') {
    return 0;
  }
  return base::parseUnsigned(name.substr(prefix.size() + 1)).value_or(0);
}

// The segments of an old DLO. The listing is a hint: a gap in it is looked into, and so is what may follow.
std::vector<SwiftPart> findParts(SwiftService& service, const std::string& prefix, const std::string& endpoint) {
  std::map<std::uint64_t, std::uint64_t> listed;
  listObjects(service, {.prefix = prefix + '/'}, endpoint, [&](const std::vector<SwiftEntry>& page) {
    for (const SwiftEntry& entry : page) {
      if (const std::uint64_t number = numberOf(entry.name, prefix)) {
        listed[number] = entry.size;
      }
    }
    return true;
  });
  std::vector<SwiftPart> parts;
  const std::uint64_t last = listed.empty() ? 0 : listed.rbegin()->first;
  for (std::uint64_t number = 1;; ++number) {
    const std::string name = segmentName(prefix, number, "");
    const auto known = listed.find(number);
    const auto size = known != listed.end() ? std::optional(known->second) : sizeOf(service, name, endpoint);
    if (size) {
      parts.push_back({name, *size});
    } else if (number > last) {
      return parts;
    } else {
      failCorrupt(service, name, "this segment of a large object is missing");
    }
  }
}

std::string listingQuery(const SwiftListing& what, const std::string& marker, std::size_t entries) {
  std::string query = "format=json&limit=" + std::to_string(entries) + "&prefix=" + base::percentEncode(what.prefix);
  if (what.folded) {
    query += "&delimiter=%2F";
  }
  return marker.empty() ? query : query + "&marker=" + base::percentEncode(marker);
}

std::vector<SwiftEntry> parsePage(const SwiftService& service, const std::string& body) {
  const json page = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!page.is_array()) {
    throw StorageError(StorageFailure::Unavailable,
                       "swift: " + service.settings.container + ": a listing that is not a list came back");
  }
  std::vector<SwiftEntry> entries;
  for (const json& row : page) {
    const auto text = [&](const char* key) {
      const auto found = row.find(key);
      return found != row.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    if (!row.is_object()) {
      continue;
    }
    const auto bytes = row.find("bytes");
    const std::string folder = text("subdir");
    entries.push_back({folder.empty() ? text("name") : folder,
                       bytes != row.end() && bytes->is_number_unsigned() ? bytes->get<std::uint64_t>() : 0,
                       !folder.empty()});
  }
  return entries;
}

}  // namespace

fetch::Headers manifestHeaders(const SwiftService& service, std::string_view segmentPrefix, const SegmentList* list) {
  fetch::Headers headers{{"X-Object-Manifest", service.names.encoded(segmentPrefix)},
                         {"Content-Type", "application/octet-stream"}};
  if (list == nullptr) {
    headers.emplace_back(kUploadHeader, "1");
    return headers;
  }
  const std::string text = list->text();
  for (std::size_t i = 0; i * kMaxHeaderValue < text.size(); ++i) {
    headers.emplace_back(std::string(kSegmentsHeader) + std::to_string(i),
                         text.substr(i * kMaxHeaderValue, kMaxHeaderValue));
  }
  return headers;
}

std::string segmentPrefixIn(const SwiftService& service, const fetch::ResponseHead& head) {
  const auto manifest = head.find("X-Object-Manifest");
  return manifest ? prefixOf(service, *manifest) : std::string();
}

std::vector<SwiftPart> partsOf(std::string_view prefix, const SegmentList& list) {
  std::vector<SwiftPart> parts;
  parts.reserve(list.count());
  for (const auto& segment : list.segments()) {
    parts.push_back({segmentName(prefix, segment.number, segment.session), segment.size});
  }
  return parts;
}

SwiftObject describe(SwiftService& service, const fetch::ResponseHead& head, const std::string& endpoint) {
  SwiftObject object;
  object.modified = timeOf(head);
  object.version = head.find("X-Timestamp").value_or("");
  object.etag = head.find("Etag").value_or("");
  object.size = head.contentLength().value_or(0);
  object.segmentPrefix = segmentPrefixIn(service, head);
  if (!object.isLarge()) {
    return object;
  }
  if (head.find(kUploadHeader)) {
    object.oursToRemove = true;
    return object;
  }
  if (const auto text = listTextOf(head)) {
    const auto list = SegmentList::parse(*text);
    if (!list) {
      failCorrupt(service, object.segmentPrefix, "the manifest of a large object has a damaged list of segments");
    }
    object.oursToRemove = true;
    object.parts = partsOf(object.segmentPrefix, *list);
  } else {
    object.parts = findParts(service, object.segmentPrefix, endpoint);
  }
  object.size = 0;
  for (const SwiftPart& part : object.parts) {
    object.size += part.size;
  }
  return object;
}

fetch::Headers headersFor(Replica replica) {
  return replica == Replica::Newest ? fetch::Headers{{"X-Newest", "true"}} : fetch::Headers{};
}

std::optional<SwiftObject> lookUp(SwiftService& service, const std::string& name, const std::string& endpoint,
                                  Replica replica, Absence absence) {
  const auto response = SwiftCall(service, {.operation = "object_head",
                                            .method = "HEAD",
                                            .object = name,
                                            .query = "multipart-manifest=get",
                                            .headers = headersFor(replica),
                                            .endpoint = endpoint,
                                            .absence = absence})
                            .finish();
  if (response.head.status == 404) {
    return std::nullopt;
  }
  if (response.head.find("X-Static-Large-Object")) {
    // Not written by any registry, but Swift puts these together reliably.
    const auto whole = SwiftCall(service, {.operation = "object_head",
                                           .method = "HEAD",
                                           .object = name,
                                           .headers = headersFor(replica),
                                           .endpoint = endpoint})
                           .finish();
    return whole.head.status == 404 ? std::nullopt : std::optional(describe(service, whole.head, endpoint));
  }
  return describe(service, response.head, endpoint);
}

void requireParts(SwiftService& service, std::span<const SwiftPart> parts, const std::string& endpoint) {
  for (std::size_t begin = 0; begin < parts.size(); begin += kSideBySide) {
    const auto some = parts.subspan(begin, std::min(kSideBySide, parts.size() - begin));
    std::vector<SwiftCall> calls;
    calls.reserve(some.size());
    for (const SwiftPart& part : some) {
      calls.emplace_back(
          service,
          SwiftRequest{.operation = "segment_head", .method = "HEAD", .object = part.name, .endpoint = endpoint});
      calls.back().start();
    }
    for (std::size_t i = 0; i < some.size(); ++i) {
      const auto response = calls[i].finish();
      if (response.head.status == 404) {
        failCorrupt(service, some[i].name, "this segment of a large object is missing");
      }
      if (response.head.contentLength() != some[i].size) {
        failCorrupt(service, some[i].name,
                    "this segment of a large object has " +
                        std::string(response.head.find("Content-Length").value_or("no")) + " bytes instead of " +
                        std::to_string(some[i].size));
      }
    }
  }
}

std::uint64_t removeObjects(SwiftService& service, const std::vector<std::string>& names, const std::string& endpoint) {
  std::uint64_t removed = 0;
  std::exception_ptr failure;
  for (std::size_t begin = 0; begin < names.size(); begin += kSideBySide) {
    const std::size_t count = std::min(kSideBySide, names.size() - begin);
    std::vector<SwiftCall> calls;
    calls.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      calls.emplace_back(
          service,
          SwiftRequest{
              .operation = "object_delete", .method = "DELETE", .object = names[begin + i], .endpoint = endpoint});
      calls.back().start();
    }
    for (SwiftCall& call : calls) {
      try {
        removed += call.finish().head.status != 404 || call.repeated() ? 1 : 0;
      } catch (const StorageError&) {
        failure = std::current_exception();  // rethrown below, when the others have been tried
      }
    }
  }
  if (failure) {
    std::rethrow_exception(failure);
  }
  return removed;
}

void listObjects(SwiftService& service, const SwiftListing& what, const std::string& endpoint,
                 const std::function<bool(const std::vector<SwiftEntry>&)>& visit) {
  std::string marker;
  while (true) {
    const auto response = SwiftCall(service, {.operation = "container_list",
                                              .query = listingQuery(what, marker, service.pageEntries),
                                              .endpoint = endpoint})
                              .finish(kMaxPageBytes);
    if (response.head.status == 404) {
      throw StorageError(StorageFailure::Broken, "swift: there is no container " + service.settings.container);
    }
    const auto entries = response.head.status == 204 ? std::vector<SwiftEntry>() : parsePage(service, response.body);
    if (entries.empty() || !visit(entries) || entries.size() < service.pageEntries) {
      return;
    }
    marker = entries.back().name;
  }
}

}  // namespace rha::storage
