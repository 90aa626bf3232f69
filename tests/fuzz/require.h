// require(): a property that must hold for every input of a fuzz target. Ends the process with a message if not, which
// libFuzzer reports as a crash, together with the input.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace rha::fuzz {

inline void require(bool holds, const char* property) {
  if (!holds) {
    std::fprintf(stderr, "property broken: %s\n", property);
    std::abort();
  }
}

// libFuzzer hands bytes; the parsers take text.
inline std::string_view asText(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// For error texts that go to clients: something to read, of bounded length, fit for JSON and a header.
inline void requireClientText(std::string_view text) {
  require(!text.empty() && text.size() <= 2000, "an error text is there and short");
  for (const char c : text) {
    require(c >= 0x20 && c < 0x7f, "an error text is printable ASCII");
  }
}

}  // namespace rha::fuzz
