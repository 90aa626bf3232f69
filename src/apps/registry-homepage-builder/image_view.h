// ImageView: a repository in the order and with the figures that its pages show.
//
// A value; made by viewOf(), a pure function.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/registry-homepage-builder/catalogue.h"

namespace rha::homepage {

struct ImageView {
  Repository repository;   // tags: the latest version first, by Debian version order; attachments are not among them
  std::size_t latest = 0;  // place of the greatest tag that is not "latest"

  [[nodiscard]] const TagEntry& latestTag() const { return repository.tags.at(latest); }
  // What is copied from the page: "registry.example.org/library/alpine:3.18".
  [[nodiscard]] std::string pullReference() const;
};

// A line of the listings.
struct Summary {
  std::string name;
  std::string folder;  // of its page
  std::string latest;
  std::size_t tags = 0;
  std::uint64_t sizeBytes = 0;      // of the latest
  std::string platforms;            // of the latest: "amd64, arm64"
  std::optional<WallTime> updated;  // newest push; what the source does not tell is taken from the configs
};

// nullopt: there is nothing to show, for the repository has no tags.
std::optional<ImageView> viewOf(Repository repository);
Summary summaryOf(const ImageView& view);

// The platform whose size and labels stand for the whole: linux/amd64 if it is there, else the first. Null: none.
const PlatformImage* mainPlatform(const ImageDetails& image);
// "linux/amd64" -> "amd64"; other systems stay: "windows/amd64".
std::string shortPlatform(const std::string& platform);

}  // namespace rha::homepage
