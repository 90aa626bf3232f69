// SiteFolder: the homepage's files, read from the folder that registry-homepage-builder writes.
//
// Strictly confined: a path is taken apart here, each part is opened from the folder above it, links are not followed,
// names that begin with a dot and kinds of files that no site has are not there. A folder without the builder's marker
// (".registry-homepage") is no site, whatever lies in it.
// Thread-safe; blocking (disk). The folder may be replaced at any time: a request sees the old site or the new one.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace rha::api {

struct SiteFile {
  base::Fd file;
  std::uint64_t sizeBytes = 0;
  std::string_view contentType;
  std::string entityTag;  // changes whenever the file does
  std::chrono::sys_seconds modified;
};

// The parts of a path below the site, decoded: "/library/alpine/tags/" -> library, alpine, tags, index.html. nullopt:
// no file of a site can be there.
std::optional<std::vector<std::string_view>> siteParts(std::string_view decodedPath);

class SiteFolder final {
 public:
  explicit SiteFolder(std::filesystem::path root) : root_(std::move(root)) {}

  // Whether a site was built.
  [[nodiscard]] bool exists() const;
  // nullopt: it is not there. Precondition: `parts` came from siteParts().
  [[nodiscard]] std::optional<SiteFile> open(const std::vector<std::string_view>& parts) const;

 private:
  [[nodiscard]] base::Fd openRoot() const;

  std::filesystem::path root_;
};

}  // namespace rha::api
