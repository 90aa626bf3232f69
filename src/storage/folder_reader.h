// FolderReader: the entries of an open folder, one after the other, without "." and "..".
//
// One thread at a time. Failure: next() ends and error() is the errno value.
#pragma once

#include <dirent.h>

#include <memory>
#include <optional>

#include "base/fd.h"

namespace rha::storage {

class FolderReader final {
 public:
  struct Entry {
    const char* name;    // valid until next() is called again
    unsigned char type;  // DT_…; DT_UNKNOWN on file systems that do not tell
  };

  // Takes an open folder; an invalid Fd is an error.
  explicit FolderReader(base::Fd folder);

  // The next entry; nullopt at the end or on failure.
  std::optional<Entry> next();
  // 0 if all entries were read.
  [[nodiscard]] int error() const { return error_; }
  // The folder itself, for the …at() calls.
  [[nodiscard]] int descriptor() const { return ::dirfd(stream_.get()); }

 private:
  struct Close {
    void operator()(DIR* stream) const { ::closedir(stream); }
  };
  std::unique_ptr<DIR, Close> stream_;
  int error_ = 0;
};

}  // namespace rha::storage
