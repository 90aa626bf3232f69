// SwiftSegments: the segments in a Swift container, of large objects of ours and of distribution 2.8's driver.
//
// Which object a segment belongs to is nowhere but in the manifest, which names a prefix. The other way round a
// prefix tells the upload that wrote it (SwiftNames), so whether that is alive is asked directly:
//   ours:  the marker  <upload path>/data-<nonce>
//   2.8:   the manifest of the upload  <upload path>/data
// Threads and failure: see SegmentStore.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "storage/segment_store.h"
#include "storage/swift_call.h"

namespace rha::storage {

class SwiftSegments final : public SegmentStore {
 public:
  // `service` is borrowed.
  explicit SwiftSegments(SwiftService& service) : service_(service) {}

  void list(const std::function<bool(const std::string& group)>& visit) override;
  std::string namedBy(std::string_view path) override;
  SegmentGroup look(const std::string& group) override;
  [[nodiscard]] std::string uploadOf(const std::string& group) const override;
  SegmentUpload stateOf(const std::string& group) override;
  std::unique_ptr<base::BodySource> open(const SegmentGroup& group) override;
  void remove(const SegmentGroup& group) override;

 private:
  SwiftService& service_;
};

}  // namespace rha::storage
