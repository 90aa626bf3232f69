// Range of a download and Content-Range of a chunk: no part ever lies outside of what it is a part of. The first byte
// of the input chooses the size of the blob.
#include "api/ranges.h"

#include <stdexcept>
#include <string>

#include "require.h"

using rha::api::Selection;
using rha::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = rha::fuzz::asText(data, size);
  const std::uint64_t blobSize = text.empty() ? 0 : static_cast<unsigned char>(text.front());
  const auto selection = rha::api::selectRange(text.substr(text.empty() ? 0 : 1), blobSize);
  if (selection.kind == Selection::Kind::Part) {
    require(selection.length > 0 && selection.offset < blobSize && selection.length <= blobSize - selection.offset,
            "a part lies within the blob");
  }
  rha::net::Headers headers;
  try {
    headers.add("Content-Range", std::string(text));
  } catch (const std::invalid_argument&) {
    return 0;  // the head parser lets none of these through
  }
  const auto chunk = rha::api::chunkRange(headers, blobSize);
  if (!chunk) {
    rha::fuzz::requireClientText(chunk.error().message);
    return 0;
  }
  require(chunk->has_value(), "a Content-Range is read or refused");
  require((*chunk)->first <= (*chunk)->last && (*chunk)->length() == blobSize, "a chunk is as long as its body");
  return 0;
}
