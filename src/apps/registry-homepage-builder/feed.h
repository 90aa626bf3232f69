// The feed of recent pushes (Atom, RFC 4287): feed.atom. Pure function; thread-safe.
#pragma once

#include <vector>

#include "apps/registry-homepage-builder/image_pages.h"

namespace rha::homepage {

// `pushes`: the newest first. Nothing in it says when it was built, so that it changes only with them.
SiteFile feed(const std::vector<Push>& pushes, const SiteTraits& site);

}  // namespace rha::homepage
