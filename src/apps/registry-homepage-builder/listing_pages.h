// The pages that list images, and what the search reads:
//
//   index.html, _names/2/index.html …      grouped by namespace, by name
//   _newest/index.html, _newest/2/… …      the last pushed first
//   _search/1.json …                       all names, the last pushed first, for the search; fetched when it is used
//   catalog.json                           all of it, for other programs
//
// A page lists at most kImagesPerPage, so its weight does not grow with the registry.
// Pure functions; thread-safe.
#pragma once

#include <functional>
#include <vector>

#include "apps/registry-homepage-builder/image_view.h"
#include "apps/registry-homepage-builder/page_frame.h"

namespace rha::homepage {

inline constexpr std::size_t kImagesPerPage = 300;
inline constexpr std::size_t kImagesPerSearchPart = 2000;
inline constexpr std::size_t kNamespacesShown = 80;

// Calls `write` for each file. `summaries` in any order.
void listingPages(std::vector<Summary> summaries, const SiteTraits& site,
                  const std::function<void(const SiteFile&)>& write);

}  // namespace rha::homepage
