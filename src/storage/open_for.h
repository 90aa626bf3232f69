// OpenFor: what a storage is opened for. A registry that takes no writes (passive, read-only) opens it for reading:
// nothing is created or tidied up, so that its storage is sent no write.
#pragma once

#include <cstdint>

namespace rha::storage {

enum class OpenFor : std::uint8_t { Writing, Reading };

}  // namespace rha::storage
