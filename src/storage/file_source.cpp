#include "storage/file_source.h"

#include <fcntl.h>

#include <algorithm>
#include <string>

#include "storage/filesystem_io.h"

namespace rha::storage {
namespace {

// Below this the kernel's default read-ahead has it all anyway.
constexpr std::uint64_t kAdviseBytes = 1U << 20U;

class FileSource final : public base::BodySource {
 public:
  FileSource(const FilesystemRoot& root, std::string_view path, base::Fd file, ByteRange range)
      : root_(root), path_(path), file_(std::move(file)), range_(range) {}

  [[nodiscard]] std::uint64_t size() const override { return range_.length; }
  [[nodiscard]] std::optional<base::FileRange> file() const override {
    return base::FileRange{file_.get(), range_.offset, range_.length};
  }
  std::size_t read(std::span<std::byte> buffer) override {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), range_.length - done_));
    if (wanted == 0) {
      return 0;
    }
    const std::size_t count = readAt(root_, file_, path_, buffer.first(wanted), range_.offset + done_);
    if (count == 0) {
      failCorrupt(path_, "became shorter while it was read: another program writes into the storage folder");
    }
    done_ += count;
    return count;
  }

 private:
  const FilesystemRoot& root_;
  std::string path_;
  base::Fd file_;
  ByteRange range_;
  std::uint64_t done_ = 0;
};

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
  return std::make_unique<FileSource>(root, path, std::move(file), part);
}

}  // namespace rha::storage
