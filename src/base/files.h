// Whole-file helpers on local paths: reading, atomic durable replacement, folders.
//
// Thread-safe (no shared state). All throw base::IoError with the path in the text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace rha::base {

// Durable: survives a power cut once the call returned (fsync of the file and of its folder).
// Relaxed: survives the death of the process only.
enum class Durability : std::uint8_t { Durable, Relaxed };

// The whole file, or nullopt if it does not exist. Throws std::length_error when it holds more than maxBytes.
std::optional<std::string> readFile(const std::filesystem::path& path, std::uint64_t maxBytes);

// Replaces `path` by `bytes` through a temporary file in the same folder and rename(2): readers see the old or the new
// contents, never a mixture. The folder must exist. The temporary file does not outlive a failure.
void writeFileAtomically(const std::filesystem::path& path, std::string_view bytes, Durability durability,
                         unsigned mode = 0644);

// Creates `path` and the missing folders above it, mode 0755; with Durable each new entry is fsynced into its parent.
void createFolders(const std::filesystem::path& path, Durability durability);

// fsync(2) of a folder, so that renames and unlinks in it survive a power cut.
void syncFolder(const std::filesystem::path& path);

}  // namespace rha::base
