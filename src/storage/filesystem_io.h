// Whole reads and writes on open files of the filesystem driver: interrupted and short calls are continued.
//
// Thread-safe. Failure: StorageError through FilesystemRoot::fail(); `path` is for its text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "storage/filesystem_root.h"

namespace rha::storage {

// Appends at the file's own position.
void writeAll(const FilesystemRoot& root, const base::Fd& file, std::string_view path,
              std::span<const std::byte> bytes);
void writeAllAt(const FilesystemRoot& root, const base::Fd& file, std::string_view path,
                std::span<const std::byte> bytes, std::uint64_t offset);

// Reads up to buffer.size() bytes at `offset`; 0 at the end of the file.
std::size_t readAt(const FilesystemRoot& root, const base::Fd& file, std::string_view path, std::span<std::byte> buffer,
                   std::uint64_t offset);

// The whole file. StorageError(Corrupt) if it is larger than maxBytes or becomes shorter while it is read.
std::string readWhole(const FilesystemRoot& root, const base::Fd& file, std::string_view path, std::uint64_t maxBytes);

std::uint64_t fileSize(const FilesystemRoot& root, const base::Fd& file, std::string_view path);

// Throws StorageError(Corrupt): "filesystem: PATH: reason".
[[noreturn]] void failCorrupt(std::string_view path, const std::string& reason);

}  // namespace rha::storage
