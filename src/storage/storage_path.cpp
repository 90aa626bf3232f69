#include "storage/storage_path.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace rha::storage {
namespace {

[[noreturn]] void reject(std::string_view path, const char* reason) {
  throw std::logic_error("storage path \"" + std::string(path.substr(0, kMaxPathBytes)) + "\" " + reason);
}

}  // namespace

void requireValidPath(std::string_view path) {
  if (path.size() > kMaxPathBytes) {
    reject(path, "is longer than 1024 bytes");
  }
  if (path.find('\0') != std::string_view::npos) {
    reject(path, "holds a NUL byte");
  }
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.empty()) {
      reject(path, "has an empty part");
    }
    if (part == "." || part == "..") {
      reject(path, "has a part \".\" or \"..\"");
    }
    begin = end + 1;
  }
}

std::string_view parentOf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

bool isWithin(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace rha::storage
