// The rules of storage paths (see storage_driver.h), for the drivers: each checks what it is given.
//
// Pure functions; thread-safe.
#pragma once

#include <cstddef>
#include <string_view>

namespace rha::storage {

inline constexpr std::size_t kMaxPathBytes = 1024;

// Throws std::logic_error when `path` breaks the rules: paths are made by registry/layout.h from validated names, so a
// bad one is a programming error, and no driver may let it out of its root.
void requireValidPath(std::string_view path);

// "a/b/c" -> "a/b"; "a" -> "".
std::string_view parentOf(std::string_view path);

// Whether `path` is `folder` or lies below it.
bool isWithin(std::string_view path, std::string_view folder);

}  // namespace rha::storage
