// SwiftObject: what a name in the container stands for: a plain object, or a large one with its segments.
//
// A large object is a DLO: an empty object with X-Object-Manifest: <container>/<prefix>. Swift itself puts it together
// from a container listing, which may lag behind, and says nothing when a segment is missing. So the segments are found
// and read one by one:
//   - ours: the manifest carries their number and sizes as metadata,
//       X-Object-Meta-Registry-Segments-0: <text of a SegmentList>, -1: <more of it> …
//   - of distribution 2.8's driver: a listing of the prefix, whose numbers must run from 1 without a gap, and HEADs of
//     the numbers that follow until there is none.
// Thread-safe functions; blocking. Failure: StorageError; Corrupt when segments are missing or short.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "storage/segment_list.h"
#include "storage/swift_call.h"

namespace rha::storage {

struct SwiftPart {
  std::string name;
  std::uint64_t size = 0;
  std::string etag = {};  // where it is known: that of the bytes meant
};

struct SwiftObject {
  std::uint64_t size = 0;
  base::WallTime modified;
  std::string version;           // Swift's time of the last write, to the last digit
  std::string etag;              // of a plain object
  std::string segmentPrefix;     // of a large one; empty: a plain object
  bool oursToRemove = false;     // a large one whose manifest this driver wrote: its segments belong to it alone
  std::vector<SwiftPart> parts;  // of a large one, in order
  [[nodiscard]] bool isLarge() const { return !segmentPrefix.empty(); }
};

// The longest SegmentList that a manifest can carry: Swift takes 4,096 bytes of metadata, names included.
inline constexpr std::size_t kMaxSegmentListBytes = 3500;

// Headers of a manifest object. `list` null: the manifest of an upload on its way, which tells only where segments are.
fetch::Headers manifestHeaders(const SwiftService& service, std::string_view segmentPrefix, const SegmentList* list);

// What the answer to a GET or HEAD with multipart-manifest=get shows. Reads the parts of an old DLO from Swift.
SwiftObject describe(SwiftService& service, const fetch::ResponseHead& head, const std::string& endpoint);

// The prefix of the segments that a manifest names, from such an answer; "" if it is no manifest. StorageError(Corrupt)
// if they would lie outside of the container.
std::string segmentPrefixIn(const SwiftService& service, const fetch::ResponseHead& head);

// Whom Swift asks. A replica that was away when an object was replaced or deleted has the old one until it is
// replicated, and any of them may answer. That will do for reading bytes that follow from the name; what decides
// whether something is there asks all of them, which is no request more, but costs Swift one HEAD for each replica.
enum class Replica { Any, Newest };
fetch::Headers headersFor(Replica replica);

// HEAD of an object; nullopt if it is not there.
std::optional<SwiftObject> lookUp(SwiftService& service, const std::string& name, const std::string& endpoint,
                                  Replica replica, Absence absence = Absence::SaidOnce);

// The parts of `list` below `prefix`.
std::vector<SwiftPart> partsOf(std::string_view prefix, const SegmentList& list);

// Throws StorageError(Corrupt), naming the first one, unless every part is there with its size.
void requireParts(SwiftService& service, std::span<const SwiftPart> parts, const std::string& endpoint);

// Removes objects, several at a time; returns how many were there. Throws after having tried all.
std::uint64_t removeObjects(SwiftService& service, const std::vector<std::string>& names, const std::string& endpoint);

// One page of a container listing below `prefix`, by name.
struct SwiftEntry {
  std::string name;
  std::uint64_t size = 0;
  bool isFolder = false;
};
struct SwiftListing {
  std::string prefix;
  bool folded = false;  // names beyond the next '/' as one folder
};
// Calls `visit` with page after page until it returns false. Rests on a listing, which may lag behind the truth.
void listObjects(SwiftService& service, const SwiftListing& what, const std::string& endpoint,
                 const std::function<bool(const std::vector<SwiftEntry>&)>& visit);

}  // namespace rha::storage
