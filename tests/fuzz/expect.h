// expect(): a property that must hold for every input of a fuzz target; a violation is a crash, which libFuzzer keeps.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace rha::fuzz {

inline void expect(bool holds) {
  if (!holds) {
    std::abort();
  }
}

inline std::string_view asText(const std::uint8_t* data, std::size_t size) {
  // libFuzzer hands bytes; the parsers take text.
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace rha::fuzz
