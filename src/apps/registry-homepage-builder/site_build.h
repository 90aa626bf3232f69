// buildSite(): reads a Source and puts the site in place.
//
//   Source ── names ──> "page-N" threads: read, make pages, write ──> listings, search, feed ──> SiteTree::putInPlace()
//
// A repository that cannot be read keeps the page it had, and is reported; the rest is built. Memory: a summary of each
// image, and the images being worked on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/registry-homepage-builder/catalogue.h"
#include "apps/registry-homepage-builder/page_frame.h"
#include "apps/registry-homepage-builder/site_tree.h"
#include "base/clock.h"
#include "base/log.h"

namespace rha::homepage {

struct BuildSettings {
  SiteTraits site;
  std::optional<std::string> styleSheet;  // in place of the built-in one
  unsigned threads = 2;
};

struct BuildReport {
  std::size_t images = 0;
  std::size_t tags = 0;
  std::vector<std::string> failures;  // "library/alpine: …", at most kFailuresReported of them in full
  std::size_t failed = 0;
  SiteTree::Counts files;
};

// Throws std::exception with a text for the operator when there is nothing to be put in place: the names cannot be
// had, no repository at all can be read, or the disk fails. `tree` was begun.
BuildReport buildSite(Source& source, SiteTree& tree, const BuildSettings& settings, const base::Clock& clock,
                      const base::Logger& logger);

}  // namespace rha::homepage
