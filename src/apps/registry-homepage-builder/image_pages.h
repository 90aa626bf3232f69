// The pages of one image, and the JSON beside each:
//
//   library/alpine/tags/index.html    pull line, the latest version, tags from the latest on
//   library/alpine/tags/index.json
//   library/alpine/tags/_2/…          further tags: a page has at most kTagsPerPage, fewer when they have much to show
//
// Pure function; thread-safe.
#pragma once

#include <vector>

#include "apps/registry-homepage-builder/image_view.h"
#include "apps/registry-homepage-builder/page_frame.h"

namespace rha::homepage {

inline constexpr std::size_t kTagsPerPage = 100;
inline constexpr std::size_t kTagBytesPerPage = 192 * 1024;  // of the rows; a page is at most one row larger

// A push, for the feed.
struct Push {
  WallTime at;
  std::string reference;  // "registry.example.org/library/alpine:3.18"
  std::string digest;
  std::string page;  // "library/alpine/tags/#tag-3.18"
  std::string text;  // size and platforms
};

struct ImagePages {
  std::vector<SiteFile> files;
  Summary summary;
  std::vector<Push> pushes;  // the newest, at most kPushesInFeed
};

inline constexpr std::size_t kPushesInFeed = 100;

ImagePages imagePages(const ImageView& view, const SiteTraits& site);

}  // namespace rha::homepage
