#include "storage/file_source.h"

#include <fcntl.h>

#include <string>

#include "base/file_source.h"
#include "storage/filesystem_io.h"

namespace rha::storage {
namespace {

// Below this the kernel's default read-ahead has it all anyway.
constexpr std::uint64_t kAdviseBytes = 1U << 20U;

}  // namespace

std::unique_ptr<base::BodySource> fileSource(const FilesystemRoot& root, std::string_view path, base::Fd file,
                                             std::optional<ByteRange> range) {
  const std::uint64_t size = fileSize(root, file, path);
  const ByteRange part = range.value_or(ByteRange{0, size});
  if (part.offset > size || part.length > size - part.offset) {
    failCorrupt(path, "holds " + std::to_string(size) + " bytes, fewer than were recorded");
  }
  if (part.length >= kAdviseBytes) {
    // A hint; its failure does not matter.
    static_cast<void>(::posix_fadvise(file.get(), static_cast<off_t>(part.offset), static_cast<off_t>(part.length),
                                      POSIX_FADV_SEQUENTIAL));
  }
  const auto fault = [&root, name = std::string(path)](int error) {
    if (error != 0) {
      root.fail("read", name, error);
    }
    failCorrupt(name, "became shorter while it was read: another program writes into the storage folder");
  };
  return std::make_unique<base::FileSource>(std::move(file), part.offset, part.length, fault);
}

}  // namespace rha::storage
