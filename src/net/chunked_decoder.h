// ChunkedDecoder: strict incremental decoder of Transfer-Encoding: chunked (RFC 9112 section 7.1).
//
// Chunk extensions are tolerated and dropped up to kLineBytes, trailers up to kTrailerBytes. Sizes have at most 16 hex
// digits; every line ends in CR LF. Owned by the connection, used on its event thread; fuzzed
// (tests/fuzz/chunked_body).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace rha::net {

class ChunkedDecoder final {
 public:
  static constexpr std::size_t kLineBytes = 1024;     // of one chunk-size line with its extensions
  static constexpr std::size_t kTrailerBytes = 8192;  // of all trailer fields together

  enum class State : std::uint8_t { More, Done, Malformed };
  struct Step {
    State state = State::More;
    std::size_t consumed = 0;  // raw bytes used up; what follows after Done belongs to the next request
    std::size_t payload = 0;   // bytes of the body, now at the front of the span
  };

  // Decodes in place: the payload of `raw` is moved together at its front.
  Step decode(std::span<std::byte> raw);

 private:
  enum class At : std::uint8_t {
    SizeStart,
    Size,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    TrailerStart,
    Trailer,
    TrailerLf,
    EndLf,
    Done,
    Malformed
  };
  void take(char c);
  void takeSizeDigit(char c);
  void endSizeLine();

  At at_ = At::SizeStart;
  std::uint64_t left_ = 0;  // of the chunk
  std::size_t digits_ = 0;
  std::size_t line_ = 0;
  std::size_t trailers_ = 0;
};

}  // namespace rha::net
