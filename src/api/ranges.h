// The two kinds of ranges: Range of a download (RFC 9110, section 14) and Content-Range of an uploaded chunk (OCI
// distribution-spec 1.1.1, "Pushing a blob in chunks").
//
// Pure functions; thread-safe; fuzzed (tests/fuzz/ranges.cpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "net/headers.h"
#include "oci/error_code.h"

namespace rha::api {

// What to send of a representation.
struct Selection {
  enum class Kind : std::uint8_t {
    Whole,          // 200: no Range, one of another unit, or several parts: those may be asked for one by one
    Part,           // 206
    Unsatisfiable,  // 416: nothing of it lies within, or it is invalid (RFC 9110, 14.2, lets us refuse that)
  };
  Kind kind = Kind::Whole;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// Evaluates `range`, the value of a Range header, against a representation of `size` bytes.
Selection selectRange(std::string_view range, std::uint64_t size);

// Where a chunk belongs: bytes `first` to `last`, both included.
struct ChunkRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  [[nodiscard]] std::uint64_t length() const { return last - first + 1; }
};

// The request's Content-Range, if there is one: "0-99", or "bytes 0-99/*" as some clients have it. Malformed: 400; ends
// before it begins: 416; its length is not the Content-Length's: 400 SIZE_INVALID.
base::Result<std::optional<ChunkRange>, oci::Error> chunkRange(const net::Headers& headers,
                                                               std::optional<std::uint64_t> contentLength);

}  // namespace rha::api
