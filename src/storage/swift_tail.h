// SwiftTail: the end of an upload that came in many requests, too short yet for a segment: pieces, each an object of
// its own beside the upload's marker.
//
//   <upload path>/data-<nonce>-<16 digits>-<8 hex>    piece n, of the request with that mark
//
// Pieces are no segments, so a large object never has more of those than its size demands, however small the requests
// were. They are never overwritten, and removed with the upload only: an older token may still need them. Belongs to
// one upload; not synchronised. Failure: StorageError.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/segment_list.h"
#include "storage/spool.h"
#include "storage/swift_call.h"
#include "storage/swift_object.h"

namespace rha::storage {

class SwiftTail final {
 public:
  // With so many, pieces are to be put together: they are listed in each token.
  static constexpr std::uint64_t kMaxPieces = 64;

  // `stem` is what the names of the pieces begin with, `session` the mark of this request. `service` is borrowed.
  SwiftTail(SwiftService& service, std::string endpoint, std::string stem, std::string session);

  // Stores what the spool holds as the next piece, and clears it.
  void add(Spool& spool);
  // The pieces in order; afterwards there are none, though their objects stay.
  std::vector<SwiftPart> take();
  [[nodiscard]] std::vector<SwiftPart> parts() const;
  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] std::uint64_t bytes() const { return list_.bytes(); }
  [[nodiscard]] bool isFull() const { return list_.count() >= kMaxPieces; }
  // Whether the upload ever had pieces; their objects may still be there.
  [[nodiscard]] bool wasUsed() const { return numbered_ > 0; }

  // "<highest number>" or "<highest number>/<list>"; of a tail that was used.
  [[nodiscard]] std::string text() const;
  // False for what text() does not make.
  bool restore(std::string_view text);

 private:
  SwiftService& service_;
  std::string endpoint_;
  std::string stem_;
  std::string session_;
  SegmentList list_;
  std::uint64_t numbered_ = 0;  // pieces there have been; the last ones are those of the list
};

}  // namespace rha::storage
