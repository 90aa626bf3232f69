// FileLock: an advisory lock (flock) on a file that other processes, and other threads of this one, take too.
//
// Held while the object lives; one thread at a time. Never the lock of an SQLite file itself: closing any descriptor of
// such a file would drop SQLite's own locks. Failure: IndexError, also when the lock was not to be had in time.
#pragma once

#include <chrono>
#include <filesystem>

#include "base/fd.h"

namespace rha::index {

class FileLock final {
 public:
  // Opens (creates, mode 0644) `path` for reading and appending, and locks it. If the file is replaced while waiting,
  // the new one is taken.
  FileLock(const std::filesystem::path& path, std::chrono::milliseconds patience);

  // The locked file, positioned nowhere in particular.
  [[nodiscard]] int descriptor() const { return file_.get(); }

 private:
  base::Fd file_;
};

}  // namespace rha::index
