#include "apps/registry-homepage-builder/site_tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <stdexcept>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace rha::homepage {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kFileMode = 0644;
constexpr std::uint64_t kLargestFile = 256ULL * 1024 * 1024;

// Where the target really is, so that the exchange replaces the folder and not a link to it.
fs::path resolved(const fs::path& target) {
  std::error_code error;
  fs::path path = fs::weakly_canonical(fs::absolute(target), error);
  if (error) {
    throw std::runtime_error("cannot find " + target.string() + ": " + error.message());
  }
  return path.has_filename() ? path : path.parent_path();
}

void makeParents(const fs::path& file) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) {
    throw base::IoError(error.value(), "cannot create folder " + file.parent_path().string());
  }
}

base::Fd createFile(const fs::path& path) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
  base::Fd file(::open(path.c_str(), kFlags, kFileMode));
  if (!file.valid() && errno == ENOENT) {
    makeParents(path);
    file = base::Fd(::open(path.c_str(), kFlags, kFileMode));
  }
  if (!file.valid()) {
    base::throwErrno("cannot create", path.string());
  }
  return file;
}

// "_2".
bool isFurtherPage(const std::string& name) {
  return name.starts_with('_') && base::parseUnsigned(std::string_view(name).substr(1));
}

void writeAll(const base::Fd& file, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const auto count = ::write(file.get(), bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) {
      base::throwErrno("cannot write", path.string());
    }
    bytes.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
  }
}

}  // namespace

SiteTree::SiteTree(const fs::path& target, Takeover takeover)
    : target_(resolved(target)),
      building_(target_.parent_path() / ("." + target_.filename().string() + ".building")),
      takeover_(takeover) {}

SiteTree::~SiteTree() {
  if (lock_.valid()) {
    removeBuilt();
  }
}

void SiteTree::removeBuilt() noexcept {
  std::error_code ignored;  // the next build tries again
  fs::remove_all(building_, ignored);
}

void SiteTree::checkTarget() const {
  std::error_code error;
  const auto status = fs::status(target_, error);
  if (status.type() == fs::file_type::not_found) {
    return;
  }
  if (error) {
    throw std::runtime_error("cannot look at " + target_.string() + ": " + error.message());
  }
  if (!fs::is_directory(status)) {
    throw std::runtime_error(target_.string() + " is no folder; name the folder of the site");
  }
  const bool ours = fs::exists(target_ / kSiteMarker, error);
  if (takeover_ == Takeover::OwnOnly && !ours && !fs::is_empty(target_, error)) {
    throw std::runtime_error(target_.string() +
                             " holds files that are no site of this program, and all of it would be replaced; name "
                             "another folder, or add --replace if nothing there is needed");
  }
}

void SiteTree::begin() {
  checkTarget();
  if (::mkdir(building_.c_str(), 0755) != 0 && errno != EEXIST) {
    base::throwErrno("the site is built beside its place, but cannot create", building_.string());
  }
  base::Fd folder(::open(building_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder.valid()) {
    base::throwErrno("cannot open", building_.string());
  }
  if (::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      throw std::runtime_error("another registry-homepage-builder is building " + target_.string());
    }
    base::throwErrno("cannot lock", building_.string());
  }
  lock_ = std::move(folder);
  for (const auto& entry : fs::directory_iterator(building_)) {  // a build that was cut off
    fs::remove_all(entry.path());
  }
  write({std::string(kSiteMarker), "This folder is written by registry-homepage-builder, which replaces all of it.\n"});
}

std::optional<std::string> SiteTree::before(const std::string& path) const {
  return base::readFile(target_ / path, kLargestFile);
}

void SiteTree::link(const fs::path& from, const fs::path& to) {
  if (::link(from.c_str(), to.c_str()) == 0) {
    return;
  }
  if (errno == ENOENT) {
    makeParents(to);
    if (::link(from.c_str(), to.c_str()) == 0) {
      return;
    }
  }
  base::throwErrno("cannot link " + from.string() + " to", to.string());
}

bool SiteTree::linkUnchanged(const SiteFile& file, const fs::path& to) {
  const fs::path old = target_ / file.path;
  struct stat status {};
  if (::lstat(old.c_str(), &status) != 0 || !S_ISREG(status.st_mode) ||
      static_cast<std::uint64_t>(status.st_size) != file.bytes.size() || before(file.path) != file.bytes) {
    return false;
  }
  link(old, to);
  return true;
}

void SiteTree::write(const SiteFile& file) {
  const fs::path path = building_ / file.path;
  if (linkUnchanged(file, path)) {
    ++unchanged_;
    return;
  }
  writeAll(createFile(path), file.bytes, path);
  ++written_;
}

bool SiteTree::keep(const std::string& folder) {
  std::error_code error;
  bool found = false;
  for (const auto& entry : fs::directory_iterator(target_ / folder, error)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file()) {
      link(entry.path(), building_ / (folder + name));
      ++unchanged_;
      found = true;
    } else if (isFurtherPage(name)) {  // other folders are other images
      keep(folder + name + '/');
    }
  }
  return found;
}

SiteTree::Counts SiteTree::putInPlace() {
  // One flush for all files: after a power cut the site must not consist of empty ones.
  if (::syncfs(lock_.get()) != 0) {
    base::throwErrno("cannot write to the disk of", building_.string());
  }
  const bool exists = fs::exists(target_);
  if (::renameat2(AT_FDCWD, building_.c_str(), AT_FDCWD, target_.c_str(),
                  exists ? RENAME_EXCHANGE : RENAME_NOREPLACE) != 0) {
    if (errno == EBUSY) {
      throw std::runtime_error("cannot replace " + target_.string() + ": it is a mount point; name a folder within it");
    }
    base::throwErrno("cannot put the new site in place at", target_.string());
  }
  base::syncFolder(target_.parent_path());
  if (exists) {
    removeBuilt();
  }
  lock_.reset();
  return {written_, unchanged_};
}

}  // namespace rha::homepage
