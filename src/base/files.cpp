#include "base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include "base/error.h"
#include "base/fd.h"

namespace rha::base {
namespace {

using std::filesystem::path;

path folderOf(const path& file) {
  const path folder = file.parent_path();
  return folder.empty() ? path(".") : folder;
}

// A file in the making; removed when destroyed unless it got its final name.
class TemporaryFile final {
 public:
  explicit TemporaryFile(const path& folder) {
    static std::atomic<std::uint64_t> counter{0};
    constexpr int kAttempts = 100;  // names may be left over from a process that died and had the same number
    for (int attempt = 0; attempt < kAttempts && !descriptor_.valid(); ++attempt) {
      path_ = folder / (".tmp-" + std::to_string(::getpid()) + '-' + std::to_string(counter.fetch_add(1)));
      descriptor_ = Fd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
      if (!descriptor_.valid() && errno != EEXIST) {
        break;
      }
    }
    if (!descriptor_.valid()) {
      throwErrno("cannot create", path_.native());
    }
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!renamed_) {
      ::unlink(path_.c_str());
    }
  }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(descriptor_.get(), bytes.data(), bytes.size());
      if (count >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(count));
      } else if (errno != EINTR) {
        throwErrno("cannot write", path_.native());
      }
    }
  }
  // Sets the mode whatever the umask is.
  void setMode(unsigned mode) {
    if (::fchmod(descriptor_.get(), static_cast<mode_t>(mode)) != 0) {
      throwErrno("cannot set the mode of", path_.native());
    }
  }
  void sync() {
    if (::fsync(descriptor_.get()) != 0) {
      throwErrno("cannot fsync", path_.native());
    }
  }
  void renameTo(const path& target) {
    if (::rename(path_.c_str(), target.c_str()) != 0) {
      throwErrno("cannot rename", path_.native() + " to " + target.native());
    }
    renamed_ = true;
  }

 private:
  path path_;
  Fd descriptor_;
  bool renamed_ = false;
};

bool isFolder(const path& candidate) {
  struct stat status {};
  return ::stat(candidate.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

std::optional<std::string> readFile(const path& path, std::uint64_t maxBytes) {
  const Fd descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor.valid()) {
    if (errno == ENOENT) {
      return std::nullopt;
    }
    throwErrno("cannot open", path.native());
  }
  std::string text;
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t count = ::read(descriptor.get(), buffer.data(), buffer.size());
    if (count == 0) {
      return text;
    }
    if (count < 0) {
      if (errno == EINTR) {
        continue;
      }
      throwErrno("cannot read", path.native());
    }
    if (static_cast<std::uint64_t>(count) > maxBytes - text.size()) {
      throw std::length_error("cannot read " + path.native() + ": it holds more than the " + std::to_string(maxBytes) +
                              " bytes allowed");
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

void writeFileAtomically(const path& path, std::string_view bytes, Durability durability, unsigned mode) {
  const auto folder = folderOf(path);
  TemporaryFile file(folder);
  file.write(bytes);
  file.setMode(mode);
  if (durability == Durability::Durable) {
    file.sync();
  }
  file.renameTo(path);
  if (durability == Durability::Durable) {
    syncFolder(folder);
  }
}

void createFolders(const path& path, Durability durability) {
  std::vector<std::filesystem::path> missing;
  for (std::filesystem::path at = path.has_filename() ? path : path.parent_path(); !at.empty() && !isFolder(at);
       at = at.parent_path()) {
    missing.push_back(at);
    if (!at.has_relative_path()) {
      break;
    }
  }
  std::reverse(missing.begin(), missing.end());
  for (const auto& folder : missing) {
    if (::mkdir(folder.c_str(), 0755) != 0 && (errno != EEXIST || !isFolder(folder))) {
      throwErrno("cannot create the folder", folder.native());
    }
    // Even if somebody else just made it: they may not have come to fsync it yet.
    if (durability == Durability::Durable) {
      syncFolder(folderOf(folder));
    }
  }
}

void syncFolder(const path& path) {
  const Fd descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid()) {
    throwErrno("cannot open the folder", path.native());
  }
  if (::fsync(descriptor.get()) != 0) {
    throwErrno("cannot fsync the folder", path.native());
  }
}

}  // namespace rha::base
