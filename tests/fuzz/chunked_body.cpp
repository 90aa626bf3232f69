// The first byte says in pieces of which size the rest arrives; the body must come out the same as in one piece.
#include "net/chunked_decoder.h"

#include <algorithm>
#include <string>
#include <vector>

#include "require.h"

using rha::fuzz::require;
using rha::net::ChunkedDecoder;

namespace {

struct Outcome {
  ChunkedDecoder::State state = ChunkedDecoder::State::More;
  std::string body;
  std::size_t consumed = 0;
};

Outcome decode(std::string_view raw, std::size_t pieceSize) {
  ChunkedDecoder decoder;
  Outcome outcome;
  while (outcome.state == ChunkedDecoder::State::More && outcome.consumed < raw.size()) {
    std::string piece(raw.substr(outcome.consumed, pieceSize));
    const ChunkedDecoder::Step step = decoder.decode(std::as_writable_bytes(std::span(piece)));
    require(step.consumed <= piece.size() && step.payload <= step.consumed, "no more comes out than went in");
    require(step.consumed > 0 || step.state != ChunkedDecoder::State::More, "every step gets on");
    outcome.state = step.state;
    outcome.consumed += step.consumed;
    outcome.body.append(piece, 0, step.payload);
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const std::string_view raw = rha::fuzz::asText(data + 1, size - 1);
  const Outcome whole = decode(raw, raw.size());
  const Outcome pieces = decode(raw, std::size_t{data[0]} + 1);
  require(whole.state == pieces.state, "pieces end as the whole does");
  if (whole.state != ChunkedDecoder::State::Malformed) {
    require(whole.body == pieces.body && whole.consumed == pieces.consumed, "pieces give the same body");
  }
  return 0;
}
