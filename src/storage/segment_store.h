// SegmentStore: the bytes of large objects, where a storage keeps them as objects of their own beside the one that
// names them. One group of segments for each upload; the object that the upload becomes names the group. A group that
// nothing names takes space for ever: a crash, or another registry's driver, may have left it.
//
// For checks. A part of a StorageDriver (StorageDriver::segments()), thread-safe and blocking as that one is. Failure:
// StorageError. But for list() everything is decided by direct reads of the newest copies, never by a listing alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/body_source.h"
#include "base/clock.h"

namespace rha::storage {

struct Segment {
  std::string name;
  std::uint64_t size = 0;
};

struct SegmentGroup {
  std::vector<Segment> segments;  // those that are there, in the order of their bytes
  std::uint64_t bytes = 0;        // of all
  base::WallTime newest;          // when the last one was stored
  // Why the bytes of some object may be others than these, in this order, or some first of them; "" if they cannot.
  std::string doubt;
};

// The upload that wrote a group. Unknown: the group's name does not tell. Alive: it may go on. Over: it was published,
// removed or purged.
enum class SegmentUpload : std::uint8_t { Unknown, Alive, Over };

class SegmentStore {
 public:
  SegmentStore() = default;
  SegmentStore(const SegmentStore&) = delete;
  SegmentStore& operator=(const SegmentStore&) = delete;
  virtual ~SegmentStore() = default;

  // Calls `visit` with the name of each group, in no given order, until it returns false. Rests on a listing: it may
  // lack some, and name some that are gone.
  virtual void list(const std::function<bool(const std::string& group)>& visit) = 0;

  // The group that the object at `path` names; "" if it names none, or is not there.
  virtual std::string namedBy(std::string_view path) = 0;

  virtual SegmentGroup look(const std::string& group) = 0;

  // Folder of the upload that wrote the group (_uploads/<uuid>), by the group's name; "" if that does not tell.
  [[nodiscard]] virtual std::string uploadOf(const std::string& group) const = 0;
  virtual SegmentUpload stateOf(const std::string& group) = 0;

  // The bytes of a group that look() gave, one segment after the other.
  virtual std::unique_ptr<base::BodySource> open(const SegmentGroup& group) = 0;

  // Removes the segments of a group that look() gave. Whoever calls it knows that nothing names the group.
  virtual void remove(const SegmentGroup& group) = 0;
};

}  // namespace rha::storage
