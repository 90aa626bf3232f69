// The files of an index and what is done about those that cannot be used. For an index at PATH:
//
//   PATH, PATH-wal, PATH-shm   the SQLite file and its log
//   PATH.dirty                 repositories to be read again (dirty_file.h)
//   PATH.lock                  held while one of two processes decides what to do about PATH
//   PATH.corrupt-TIME          a damaged one, moved aside; only the last is kept
//   PATH.v1                    in use instead of PATH, while that has the schema of a newer version
//   PATH.new-XXXXXX            being rebuilt (rebuildable_index.h)
//
// Functions without state. Failure: IndexError.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace rha::index {

enum class OpenOutcome : std::uint8_t {
  Opened,            // as it was left
  Created,           // there was none
  RecreatedDamaged,  // it was damaged and moved aside; this one is empty
  RecreatedOlder,    // it had the schema of an older version; this one is empty
};
// "opened", "created", "recreated-damaged", "recreated-older".
std::string_view toString(OpenOutcome outcome);

struct OpenResult {
  OpenOutcome outcome = OpenOutcome::Opened;
  std::filesystem::path path;  // in use: not the one asked for if that belongs to a newer version
  std::string detail;          // for the log: what was found and what became of it; empty when nothing is worth saying
  [[nodiscard]] bool needsRebuild() const { return outcome != OpenOutcome::Opened; }
};

// Sees to it that there is a file of our schema at `path`, or beside it. Throws if there is one of another program.
OpenResult prepareFile(const std::filesystem::path& path, std::chrono::milliseconds patience);

// Moves the file at `path` aside, whatever it is, and makes an empty one. Precondition: this process has it closed.
OpenResult replaceDamagedFile(const std::filesystem::path& path, std::chrono::milliseconds patience);

// Makes an empty file at `path` (which may be an empty file already).
void createFile(const std::filesystem::path& path, std::chrono::milliseconds patience);

// Removes the SQLite file at `path` and its log; nothing if there is none.
void removeFiles(const std::filesystem::path& path);

// Of the file and its log.
std::uint64_t bytesOnDisk(const std::filesystem::path& path);

// `path` with `suffix` appended to its name.
std::filesystem::path withSuffix(const std::filesystem::path& path, std::string_view suffix);

// Files beside `path` whose name is that of `path` followed by `suffix` and anything.
std::vector<std::filesystem::path> filesBeside(const std::filesystem::path& path, std::string_view suffix);

}  // namespace rha::index
