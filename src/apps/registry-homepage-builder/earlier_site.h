// EarlierSite: what the site in place says of images, so that their manifests and configs need not be read again: a
// digest always stands for the same. For sources where each of them is a request to another server.
//
// Thread-safe; blocking (disk). What cannot be read back, or may have been incomplete, is not known, and that is all.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "apps/registry-homepage-builder/catalogue.h"

namespace rha::homepage {

class EarlierSite final {
 public:
  // By digest. What is attached may change, and is left out; but for attestations that are part of an index.
  using Images = std::unordered_map<Digest, ImageDetails>;

  // `read` gives the bytes of a file of the site in place, nullopt if there is none (SiteTree::before()).
  explicit EarlierSite(std::function<std::optional<std::string>(const std::string& path)> read)
      : read_(std::move(read)) {}

  [[nodiscard]] Images imagesOf(const RepositoryName& name) const;

 private:
  std::function<std::optional<std::string>(const std::string& path)> read_;
};

}  // namespace rha::homepage
