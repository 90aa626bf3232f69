#include "index/dirty_file.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "index/file_lock.h"
#include "index/index.h"

namespace rha::index {
namespace {

constexpr off_t kReserved = 64 * 1024;
// Rewritten beyond this size, if less than half of it is needed.
constexpr std::size_t kRewriteAbove = 1024 * 1024;

[[noreturn]] void failWith(std::string_view what, const std::filesystem::path& path) {
  throw IndexError("index: cannot " + std::string(what) + " " + path.string() + ": " + std::strerror(errno));
}

std::string readAll(const FileLock& file, const std::filesystem::path& path) {
  std::string contents;
  std::array<char, 16384> buffer{};
  for (;;) {
    const auto got = ::pread(file.descriptor(), buffer.data(), buffer.size(), static_cast<off_t>(contents.size()));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      failWith("read", path);
    }
    if (got == 0) {
      return contents;
    }
    contents.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

// A last line without its end was cut short by a crash, before anybody was told that it was written: it does not count.
std::set<std::string> parse(std::string_view contents) {
  std::set<std::string> names;
  contents = contents.substr(0, contents.rfind('\n') + 1);
  for (const auto line : base::split(contents, '\n')) {
    if (line.starts_with('+')) {
      names.emplace(line.substr(1));
    } else if (line.starts_with('-')) {
      names.erase(std::string(line.substr(1)));
    }
  }
  return names;
}

// Appends a line, after an end for one that was cut short.
void append(const FileLock& file, const std::filesystem::path& path, std::string_view before, char sign,
            const std::string& name) {
  std::string line;
  if (!before.empty() && before.back() != '\n') {
    line += '\n';
  }
  line += sign + name + '\n';
  for (std::string_view left = line; !left.empty();) {
    const auto written = ::write(file.descriptor(), left.data(), left.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      failWith("append to", path);
    }
    left.remove_prefix(static_cast<std::size_t>(written));
  }
}

void reserveRoom(const FileLock& file) {
  // Not every file system can; then marks need free space like anything else.
  [[maybe_unused]] const int unsupported = ::fallocate(file.descriptor(), FALLOC_FL_KEEP_SIZE, 0, kReserved);
}

std::string format(const std::set<std::string>& names) {
  std::string contents;
  for (const auto& name : names) {
    contents += '+' + name + '\n';
  }
  return contents;
}

// Runs `work` of base/files.h, whose failures become an IndexError.
template <typename Work>
void translated(const Work& work) {
  try {
    work();
  } catch (const base::IoError& error) {
    throw IndexError(std::string("index: ") + error.what());
  }
}

}  // namespace

void DirtyFile::reserve() const {
  const FileLock file(path_, patience_);
  reserveRoom(file);
  translated([&] { base::syncFolder(path_.has_parent_path() ? path_.parent_path() : "."); });
}

void DirtyFile::add(const std::string& name) const {
  const FileLock file(path_, patience_);
  const std::string contents = readAll(file, path_);
  if (parse(contents).contains(name)) {
    return;
  }
  append(file, path_, contents, '+', name);
  if (::fsync(file.descriptor()) != 0) {
    failWith("write to disk", path_);
  }
}

void DirtyFile::remove(const std::string& name) const {
  const FileLock file(path_, patience_);
  const std::string contents = readAll(file, path_);
  auto names = parse(contents);
  if (names.erase(name) == 0) {
    return;
  }
  if (names.empty()) {
    if (::ftruncate(file.descriptor(), 0) != 0) {
      failWith("empty", path_);
    }
    reserveRoom(file);
    return;
  }
  append(file, path_, contents, '-', name);
  if (contents.size() < kRewriteAbove) {
    return;
  }
  if (const std::string shorter = format(names); 2 * shorter.size() < contents.size()) {
    translated([&] { base::writeFileAtomically(path_, shorter, base::Durability::Durable); });
  }
}

std::set<std::string> DirtyFile::names() const {
  const FileLock file(path_, patience_);
  return parse(readAll(file, path_));
}

}  // namespace rha::index
