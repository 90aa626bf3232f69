#include "storage/swift_segments.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "base/text.h"
#include "storage/swift_object.h"
#include "storage/swift_reader.h"

namespace rha::storage {
namespace {

constexpr std::size_t kDigits = 16;

// Number of a segment by the last part of its name; 0 if it has none. `marked`: a later request of an upload wrote it.
std::uint64_t numberOf(std::string_view name, bool& marked) {
  const std::string_view rest = name.substr(std::min(kDigits, name.size()));
  marked = rest.size() > 1 && rest.front() == '-';
  return rest.empty() || marked ? base::parseUnsigned(name.substr(0, name.size() - rest.size())).value_or(0) : 0;
}

// HEAD of the newest copy of an object; nullopt if it is not there.
std::optional<fetch::ResponseHead> newest(SwiftService& service, const std::string& name) {
  auto response = SwiftCall(service, {.operation = "segments_head",
                                      .method = "HEAD",
                                      .object = name,
                                      .query = "multipart-manifest=get",
                                      .headers = headersFor(Replica::Newest),
                                      .absence = Absence::SaidTwice})
                      .finish();
  return response.head.status == 404 ? std::nullopt : std::optional(std::move(response.head));
}

// Looks at the segments of one group, in the order of their numbers. What the listing lacks is asked for.
class GroupLook final {
 public:
  GroupLook(SwiftService& service, const std::string& prefix) : service_(service), prefix_(prefix) {}

  SegmentGroup run() {
    list();
    std::uint64_t next = 1;
    for (const auto& [number, names] : listed_) {
      // A gap that is one is not looked into further: numbers may be anything.
      while (next < number && group_.doubt.empty() && add(segmentName(prefix_, next, ""))) {
        ++next;
      }
      const auto there = std::count_if(names.begin(), names.end(), [&](const auto& name) { return add(name); });
      if (next < number || there == 0) {
        doubt("segment " + std::to_string(next) + " is missing");
      }
      next = number + 1;
    }
    while (add(segmentName(prefix_, next, ""))) {
      ++next;
    }
    return std::move(group_);
  }

 private:
  void list() {
    const std::string folder = prefix_ + '/';
    listObjects(service_, {.prefix = folder}, "", [&](const std::vector<SwiftEntry>& page) {
      for (const SwiftEntry& entry : page) {
        bool marked = false;
        const std::uint64_t number = numberOf(std::string_view(entry.name).substr(folder.size()), marked);
        if (number == 0) {
          doubt(entry.name + " is no segment");
          continue;
        }
        listed_[number].insert(entry.name);
        if (marked) {
          // Their marks are random: one that is not listed cannot be asked for.
          doubt("they came in several requests, and a listing may lack those of one");
        }
      }
      return true;
    });
  }

  bool add(const std::string& name) {
    const auto head = newest(service_, name);
    if (!head) {
      return false;
    }
    if (head->find("X-Object-Manifest") || head->find("X-Static-Large-Object")) {
      doubt(name + " is no segment");
      return true;
    }
    const SwiftObject object = describe(service_, *head, "");
    group_.segments.push_back({name, object.size});
    group_.bytes += object.size;
    group_.newest = std::max(group_.newest, object.modified);
    return true;
  }

  void doubt(std::string why) {
    if (group_.doubt.empty()) {
      group_.doubt = std::move(why);
    }
  }

  SwiftService& service_;
  const std::string& prefix_;
  std::map<std::uint64_t, std::set<std::string>> listed_;  // names by number
  SegmentGroup group_;
};

// Folders directly below `prefix`, without the last '/'.
void listFolders(SwiftService& service, const std::string& prefix,
                 const std::function<bool(const std::string& folder)>& visit) {
  listObjects(service, {.prefix = prefix, .folded = true}, "", [&](const std::vector<SwiftEntry>& page) {
    return std::all_of(page.begin(), page.end(), [&](const SwiftEntry& entry) {
      return !entry.isFolder || visit(entry.name.substr(0, entry.name.size() - 1));
    });
  });
}

}  // namespace

void SwiftSegments::list(const std::function<bool(const std::string& group)>& visit) {
  bool going = true;
  listFolders(service_, service_.names.segmentsRoot(), [&](const std::string& folder) {
    listFolders(service_, folder + '/', [&](const std::string& group) { return going = visit(group); });
    return going;
  });
}

std::string SwiftSegments::namedBy(std::string_view path) {
  const auto head = newest(service_, service_.names.object(path));
  try {
    return head ? segmentPrefixIn(service_, *head) : std::string();
  } catch (const StorageError& error) {
    if (!isCorrupt(error)) {
      throw;
    }
    return {};  // it names something outside of the container
  }
}

SegmentGroup SwiftSegments::look(const std::string& group) { return GroupLook(service_, group).run(); }

std::string SwiftSegments::uploadOf(const std::string& group) const {
  const auto origin = service_.names.originOf(group);
  return origin ? origin->uploadPath : std::string();
}

SegmentUpload SwiftSegments::stateOf(const std::string& group) {
  const auto origin = service_.names.originOf(group);
  if (!origin) {
    return SegmentUpload::Unknown;
  }
  const std::string data = origin->uploadPath + "/data";
  const bool alive = namedBy(data) == group || (!origin->nonce.empty() && namedBy(data + '-' + origin->nonce) == group);
  return alive ? SegmentUpload::Alive : SegmentUpload::Over;
}

std::unique_ptr<base::BodySource> SwiftSegments::open(const SegmentGroup& group) {
  std::vector<SwiftPart> parts;
  for (const Segment& segment : group.segments) {
    if (segment.size > 0) {
      parts.push_back({segment.name, segment.size});
    }
  }
  return std::make_unique<SwiftReader>(service_, std::move(parts), ByteRange{0, group.bytes}, "", nullptr);
}

void SwiftSegments::remove(const SegmentGroup& group) {
  std::vector<std::string> names;
  std::transform(group.segments.begin(), group.segments.end(), std::back_inserter(names),
                 [](const Segment& segment) { return segment.name; });
  removeObjects(service_, names, "");
}

}  // namespace rha::storage
