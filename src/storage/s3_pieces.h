// The pieces of an upload to S3: objects of their own, in order the bytes of the upload, and how they are put together
// to parts of a multipart upload.
//
//   <upload path>/part-00001-<mark>      <mark>: of the request that wrote it (SegmentList)
//
// S3 takes parts of 5 MiB and more, but for the last. A piece that is large enough is copied within the storage; small
// ones are read and sent, together with so much of the next as they lack.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/body_source.h"
#include "storage/s3_call.h"
#include "storage/segment_list.h"

namespace rha::storage {

struct S3Piece {
  std::string key;
  std::uint64_t size = 0;
};

// `folder` is the key of the upload's folder.
std::string s3PieceKey(std::string_view folder, std::uint64_t number, std::string_view mark);
std::vector<S3Piece> s3PiecesOf(std::string_view folder, const SegmentList& list);

// A run of bytes within a piece.
struct S3Slice {
  std::size_t piece = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// One part of the multipart upload. One slice: copied. Several, or the rest of a small piece: read and sent, at most
// kS3MaxGatheredBytes.
struct S3Part {
  std::vector<S3Slice> slices;
  bool copied = false;
};
inline constexpr std::uint64_t kS3MaxGatheredBytes = 3 * kS3MinPartBytes;

std::vector<S3Part> planS3Parts(const std::vector<S3Piece>& pieces);

// All bytes of the pieces; opens each when its turn comes. A piece that is missing or of another size is
// StorageError(Corrupt). `service` is borrowed.
std::unique_ptr<base::BodySource> readS3Pieces(S3Service& service, std::vector<S3Piece> pieces);

}  // namespace rha::storage
