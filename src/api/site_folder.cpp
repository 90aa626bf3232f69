#include "api/site_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "base/text.h"

namespace rha::api {
namespace {

constexpr const char* kMarker = ".registry-homepage";
constexpr std::size_t kLongestPart = 255;
constexpr std::size_t kMostParts = 260;  // a repository's name has 255 characters
constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kTypes{{
    {".html", "text/html; charset=utf-8"},
    {".json", "application/json"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".atom", "application/atom+xml; charset=utf-8"},
}};

// Empty: no file of a site.
std::string_view typeOf(std::string_view name) {
  for (const auto& [ending, type] : kTypes) {
    if (name.ends_with(ending)) {
      return type;
    }
  }
  return {};
}

bool isPart(std::string_view part) {
  return !part.empty() && part.size() <= kLongestPart && part.front() != '.' &&
         std::all_of(part.begin(), part.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
         });
}

std::string entityTagOf(const struct stat& status) {
  std::array<char, 80> text{};
  std::snprintf(text.data(), text.size(), "\"%llx-%llx-%llx\"", static_cast<unsigned long long>(status.st_mtim.tv_sec),
                static_cast<unsigned long long>(status.st_mtim.tv_nsec),
                static_cast<unsigned long long>(status.st_size));
  return text.data();
}

std::optional<SiteFile> describe(base::Fd file, std::string_view type) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return std::nullopt;
  }
  return SiteFile{.file = std::move(file),
                  .sizeBytes = static_cast<std::uint64_t>(status.st_size),
                  .contentType = type,
                  .entityTag = entityTagOf(status),
                  .modified = std::chrono::sys_seconds(std::chrono::seconds(status.st_mtim.tv_sec))};
}

std::optional<SiteFile> openBelow(const base::Fd& root, const std::vector<std::string_view>& parts) {
  base::Fd folder;
  int above = root.get();
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    folder = base::Fd(::openat(above, std::string(parts[i]).c_str(), kFolderFlags));
    if (!folder.valid()) {
      return std::nullopt;
    }
    above = folder.get();
  }
  // NONBLOCK: what is no regular file must not hold us up until that is seen.
  base::Fd file(::openat(above, std::string(parts.back()).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  return file.valid() ? describe(std::move(file), typeOf(parts.back())) : std::nullopt;
}

bool areSame(const base::Fd& a, const base::Fd& b) {
  struct stat left {};
  struct stat right {};
  return ::fstat(a.get(), &left) == 0 && ::fstat(b.get(), &right) == 0 && left.st_dev == right.st_dev &&
         left.st_ino == right.st_ino;
}

}  // namespace

std::optional<std::vector<std::string_view>> siteParts(std::string_view path) {
  if (!path.starts_with('/')) {
    return std::nullopt;
  }
  path.remove_prefix(1);
  std::vector<std::string_view> parts = base::split(path, '/');
  if (parts.back().empty()) {
    parts.back() = "index.html";
  }
  return parts.size() <= kMostParts && std::all_of(parts.begin(), parts.end(), isPart) ? std::optional(std::move(parts))
                                                                                       : std::nullopt;
}

// The root itself may be reached through links: it is the operator's.
base::Fd SiteFolder::openRoot() const {
  base::Fd root(::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (root.valid() && ::faccessat(root.get(), kMarker, F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
    root.reset();
  }
  return root;
}

bool SiteFolder::exists() const { return openRoot().valid(); }

std::optional<SiteFile> SiteFolder::open(const std::vector<std::string_view>& parts) const {
  if (typeOf(parts.back()).empty()) {
    return std::nullopt;
  }
  const base::Fd root = openRoot();
  auto file = root.valid() ? openBelow(root, parts) : std::nullopt;
  if (file || !root.valid()) {
    return file;
  }
  // The site may have been replaced, and the old one removed, since its root was opened.
  const base::Fd again = openRoot();
  return again.valid() && !areSame(root, again) ? openBelow(again, parts) : std::nullopt;
}

}  // namespace rha::api
