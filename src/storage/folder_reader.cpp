#include "storage/folder_reader.h"

#include <cerrno>
#include <string_view>
#include <utility>

namespace rha::storage {

FolderReader::FolderReader(base::Fd folder) : stream_(::fdopendir(folder.get())) {
  if (stream_) {
    static_cast<void>(folder.release());  // the stream owns it now
  } else {
    error_ = errno;
  }
}

std::optional<FolderReader::Entry> FolderReader::next() {
  while (stream_) {
    errno = 0;
    const dirent* entry = ::readdir(stream_.get());
    if (entry == nullptr) {
      error_ = errno;
      return std::nullopt;
    }
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      return Entry{entry->d_name, entry->d_type};
    }
  }
  return std::nullopt;
}

}  // namespace rha::storage
