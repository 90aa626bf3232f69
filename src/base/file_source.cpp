#include "base/file_source.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

namespace rha::base {

std::size_t FileSource::read(std::span<std::byte> buffer) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), length_ - done_));
  if (wanted == 0) {
    return 0;
  }
  ssize_t count = 0;
  do {
    count = ::pread(file_.get(), buffer.data(), wanted, static_cast<off_t>(offset_ + done_));
  } while (count < 0 && errno == EINTR);
  if (count <= 0) {
    fault_(count < 0 ? errno : 0);
    throw std::logic_error("the owner of a FileSource threw nothing for its fault");
  }
  done_ += static_cast<std::uint64_t>(count);
  return static_cast<std::size_t>(count);
}

}  // namespace rha::base
