// SwiftReader: a BodySource over the parts of an object, or a run of bytes within them. Each part is read by a GET of
// its own (Swift's throttle of large objects does not apply); a connection that breaks is made again from the byte it
// broke at.
//
// What a part's answer says of its length must be what is known, before any of its bytes is given out. A part that is
// replaced while it is read is Corrupt. Threads and failure: see BodySource; StorageError.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/body_source.h"
#include "storage/storage_driver.h"
#include "storage/swift_call.h"
#include "storage/swift_object.h"

namespace rha::storage {

class SwiftReader final : public base::BodySource {
 public:
  // `service` is borrowed. Precondition: `range` lies within the parts. `onCorrupt` is called when a part turns out to
  // be damaged.
  SwiftReader(SwiftService& service, std::vector<SwiftPart> parts, ByteRange range, std::string endpoint,
              std::function<void()> onCorrupt);
  // Opens the first part, so that a missing one shows before the first byte is asked for.
  void open();

  [[nodiscard]] std::uint64_t size() const override { return size_; }
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  void openPart();
  void endPart();
  void checkAnswer(const fetch::ResponseHead& head);
  [[noreturn]] void failCorrupt(const std::string& why);
  [[nodiscard]] std::uint64_t leftInPart() const;

  SwiftService& service_;
  std::vector<SwiftPart> parts_;
  std::string endpoint_;
  std::function<void()> onCorrupt_;
  std::uint64_t size_;
  std::uint64_t left_;        // bytes still to be given out
  std::size_t part_ = 0;      // being read
  std::uint64_t offset_ = 0;  // within it
  std::unique_ptr<fetch::Exchange> exchange_;
  std::string etag_;  // of the part being read, once known
  Retry retry_;
};

}  // namespace rha::storage
