// DirtyFile: the names of repositories whose rows in the index are known to be wrong, in a small file beside it.
//
//   +library/alpine\n     its rows are wrong
//   -library/alpine\n     it was read again
//
// Not a table of the index: a mark is set when the index cannot be written (locked, disk full, damaged), and has to
// outlive an index that is thrown away. Some room is reserved on the disk, so that a full one takes marks too. Lines
// are only appended; the file is emptied when no mark is left, and rewritten when it has grown out of proportion.
//
// Thread-safe, and safe between processes (flock); holds no state but the path. Failure: IndexError.
#pragma once

#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

namespace rha::index {

class DirtyFile final {
 public:
  // `patience` bounds waiting for the lock.
  DirtyFile(std::filesystem::path path, std::chrono::milliseconds patience)
      : path_(std::move(path)), patience_(patience) {}

  // Creates the file and reserves its room, as far as the file system can.
  void reserve() const;
  // Marks; on the disk when it returns. Nothing if it is marked.
  void add(const std::string& name) const;
  // Unmarks. A power cut may bring the mark back, which costs reading the repository again.
  void remove(const std::string& name) const;
  [[nodiscard]] std::set<std::string> names() const;

 private:
  std::filesystem::path path_;
  std::chrono::milliseconds patience_;
};

}  // namespace rha::index
