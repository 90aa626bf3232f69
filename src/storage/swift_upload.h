// SwiftUpload: an upload of the swift driver.
//
//   <upload path>/data-<nonce>      marker: as long as it is there, the upload is alive. Of a small upload it holds the
//                                   bytes; of a larger one it is a manifest that tells where the segments are
//   segments/…/0000000000000001 …   the bytes of a larger one (see SwiftNames)
//   <upload path>/data-<nonce>-…    those of a later request that do not fill a segment (see SwiftTail)
//
// Bytes are spooled in memory. A full spool goes out as a segment while the next one fills, and, where memory is
// plenty, while Swift makes sure of the one before. Their MD5s are computed meanwhile, two at a time where there are
// two and together with the digest of what comes in, and compared with what Swift says it has stored; a segment that
// arrived otherwise is sent again, and Swift told to check it. When the memory of all uploads is spent, a spool goes
// out early, as a shorter segment, or append() waits. What is left at the end of the first request is a shorter
// segment, too. What is left at the end of each later one is kept as a piece, until the pieces make a whole segment or
// commit() comes: they are then read back, and stored as one. So the list of segments, which travels in each token and
// in the manifest, does not grow with the number of requests. Whoever starts an upload anew from the same token writes
// under another nonce, and whoever goes on with segments that are there puts a mark of its own into the names: nothing
// acknowledged is ever overwritten.
//
// commit() of a large upload: the marker goes first, then the manifest is written at the final path. So a marker that
// is there shows that its segments belong to no blob, and a purge may take them; and of two requests that publish one
// upload only that which removed the marker goes on to remove segments that are not its own. An object of the same size
// that is at the final path, and whole, is kept: only blobs are committed, and their paths are their digests.
//
// A state is "sw1 E ENDPOINT", "sw1 S ENDPOINT NONCE SIZE MD5 [+]" or "sw1 L ENDPOINT NONCE SEGMENTLIST [TAIL or +]",
// with + when markers that an older token may name were left; the upload stays with the storage endpoint it began on.
// Threads and failure: see UploadSession. Must not outlive the driver.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/segment_list.h"
#include "storage/spool.h"
#include "storage/swift_call.h"
#include "storage/swift_object.h"
#include "storage/swift_tail.h"
#include "storage/upload_session.h"

namespace rha::storage {

class SwiftUpload final : public UploadSession {
 public:
  static std::unique_ptr<SwiftUpload> start(SwiftService& service, SpoolBudget& budget, std::string_view path);
  static std::unique_ptr<SwiftUpload> resume(SwiftService& service, SpoolBudget& budget, std::string_view path,
                                             std::string_view state);

  void append(std::span<const std::byte> bytes) override { add(bytes, nullptr); }
  void appendHashed(std::span<const std::byte> bytes, base::Hasher& digest) override { add(bytes, &digest); }
  [[nodiscard]] std::uint64_t size() const override {
    return list_.bytes() + sendingBytes() + tailBytes() + spool_->size();
  }
  void flush() override;
  [[nodiscard]] std::string state() const override;
  std::unique_ptr<base::BodySource> readBack() override;
  void commit(std::string_view path) override;
  void cancel() noexcept override;

 private:
  // A segment on its way.
  struct Sending {
    std::unique_ptr<Spool> spool;
    std::string name;
    std::unique_ptr<SwiftCall> call;  // reads from the spool: it is destroyed first
  };
  SwiftUpload(SwiftService& service, SpoolBudget& budget, std::string_view path, std::string endpoint);
  bool resumeSmall(std::string_view nonce, std::uint64_t size, std::string_view md5);
  bool resumeLarge(std::string_view nonce, SegmentList list, std::string_view tail);

  [[nodiscard]] std::uint64_t sendingBytes() const;
  [[nodiscard]] std::uint64_t tailBytes() const { return tail_ ? tail_->bytes() : 0; }
  [[nodiscard]] bool hasTail() const { return tail_ && !tail_->empty(); }
  [[nodiscard]] bool isLarge() const { return !list_.empty() || !sending_.empty(); }
  [[nodiscard]] std::string markerName(std::string_view nonce) const;
  fetch::Response put(std::string_view operation, std::string name, const fetch::RequestBody& body,
                      fetch::Headers headers);
  // `digest` may be null.
  void add(std::span<const std::byte> bytes, base::Hasher* digest);
  std::uint64_t take(std::span<const std::byte> bytes, std::uint64_t limit);
  void hash(std::span<const std::byte> arrived, base::Hasher& digest);
  void putSmall();
  void beginLarge();
  void sendSpool();
  void sendSegment();
  void addPiece();
  void absorbTail();
  void finishSegments();
  void advance();
  void finishOldest();
  void finishSending();
  void removeMarker();
  void removeStrays();
  void addLeftovers(std::vector<std::string>& names);
  void removeLeftovers() noexcept;
  void publish(const std::string& name, const fetch::RequestBody& body, fetch::Headers headers);
  bool isAlreadyThere(const std::string& name, std::string_view etag);

  SwiftService& service_;
  SpoolBudget& budget_;
  std::string path_;
  std::string endpoint_;
  std::unique_ptr<Spool> spool_;         // what is not stored yet; of a small upload, all
  std::deque<Sending> sending_;          // in the order of the segments
  SegmentList list_;                     // stored
  std::optional<SwiftTail> tail_;        // stored behind those; of a large upload that a request went on with
  std::string nonce_;                    // of the marker; empty: there is none yet
  std::string prefix_;                   // of the segments
  std::string session_;                  // mark in the names of segments; empty: it wrote them from the first one on
  std::uint64_t smallStored_ = 0;        // bytes of a small upload that its marker holds
  std::string smallMd5_;                 // theirs
  std::vector<std::string> oldMarkers_;  // of this upload when it was smaller
  bool olderMarkers_ = false;            // earlier requests left some, too
  bool publishing_ = false;              // from here on the segments may belong to a blob
};

}  // namespace rha::storage
