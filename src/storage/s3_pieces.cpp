#include "storage/s3_pieces.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "storage/s3_reader.h"

namespace rha::storage {
namespace {

class PiecesSource final : public base::BodySource {
 public:
  PiecesSource(S3Service& service, std::vector<S3Piece> pieces) : service_(service), pieces_(std::move(pieces)) {
    for (const S3Piece& piece : pieces_) {
      size_ += piece.size;
    }
  }

  [[nodiscard]] std::uint64_t size() const override { return size_; }

  std::size_t read(std::span<std::byte> buffer) override {
    while (next_ < pieces_.size() || reader_) {
      if (!reader_) {
        openNext();
      }
      if (const std::size_t count = reader_->read(buffer); count > 0) {
        return count;
      }
      reader_.reset();
    }
    return 0;
  }

 private:
  void openNext() {
    const S3Piece& piece = pieces_[next_];
    reader_ = S3Reader::open(service_, piece.key, std::nullopt, "piece_get");
    if (!reader_ || reader_->size() != piece.size) {
      throw StorageError(StorageFailure::Corrupt, "s3: " + service_.shown(piece.key) +
                                                      ": this piece of an upload is missing or has another size");
    }
    ++next_;
  }

  S3Service& service_;
  std::vector<S3Piece> pieces_;
  std::uint64_t size_ = 0;
  std::size_t next_ = 0;
  std::unique_ptr<S3Reader> reader_;
};

// Where the plan has come to.
class Planner {
 public:
  explicit Planner(const std::vector<S3Piece>& pieces) : pieces_(pieces) { skipEmpty(); }

  [[nodiscard]] bool done() const { return piece_ == pieces_.size(); }

  S3Part next() {
    S3Part part;
    const bool last = piece_ + 1 == pieces_.size();
    if (left() >= kS3MinPartBytes || (last && offset_ == 0)) {
      part.copied = true;
      part.slices.push_back(take(left()));
      return part;
    }
    std::uint64_t gathered = 0;
    while (!done() && gathered < kS3MinPartBytes) {
      // What is left of a piece must be worth a part of its own.
      const std::uint64_t lacking = kS3MinPartBytes - gathered;
      const std::uint64_t length = left() < lacking + kS3MinPartBytes ? left() : lacking;
      part.slices.push_back(take(length));
      gathered += length;
    }
    return part;
  }

 private:
  [[nodiscard]] std::uint64_t left() const { return pieces_[piece_].size - offset_; }

  S3Slice take(std::uint64_t length) {
    const S3Slice slice{piece_, offset_, length};
    offset_ += length;
    if (left() == 0) {
      ++piece_;
      offset_ = 0;
      skipEmpty();
    }
    return slice;
  }

  void skipEmpty() {
    while (piece_ < pieces_.size() && pieces_[piece_].size == 0) {
      ++piece_;
    }
  }

  const std::vector<S3Piece>& pieces_;
  std::size_t piece_ = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace

std::string s3PieceKey(std::string_view folder, std::uint64_t number, std::string_view mark) {
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "/part-%05llu-", static_cast<unsigned long long>(number));
  return std::string(folder).append(digits.data()).append(mark);
}

std::vector<S3Piece> s3PiecesOf(std::string_view folder, const SegmentList& list) {
  std::vector<S3Piece> pieces;
  pieces.reserve(list.count());
  for (const SegmentList::Segment& segment : list.segments()) {
    pieces.push_back({s3PieceKey(folder, segment.number, segment.session), segment.size});
  }
  return pieces;
}

std::vector<S3Part> planS3Parts(const std::vector<S3Piece>& pieces) {
  std::vector<S3Part> parts;
  for (Planner planner(pieces); !planner.done();) {
    parts.push_back(planner.next());
  }
  return parts;
}

std::unique_ptr<base::BodySource> readS3Pieces(S3Service& service, std::vector<S3Piece> pieces) {
  return std::make_unique<PiecesSource>(service, std::move(pieces));
}

}  // namespace rha::storage
