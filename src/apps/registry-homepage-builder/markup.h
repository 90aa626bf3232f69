// Markup: text as it stands in HTML, XML, URLs and for people. Every name, label and media type passes through here on
// its way into a page.
//
// Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "oci/names.h"

namespace rha::homepage {

// For element content and for attribute values in either kind of quotes. Control characters, and those that turn the
// direction of what follows, become U+FFFD; so do bytes that are no UTF-8.
std::string escape(std::string_view text);
// At most `most` bytes of `text`, cut between characters and marked with "…" if something was cut.
std::string shortened(std::string_view text, std::size_t most);

// Folder of an image's page, below the root of the site, with '/' at the end: "library/alpine/tags/". Parts of the
// name that are also names of files of the site, or that the registry serves itself, get a '_' before them, which no
// part of a repository's name can begin with: "index.html/x" -> "_index.html/x/tags/".
std::string pageFolder(const oci::RepositoryName& name);

// "12.3 MB", decimal as the registries' clients show it; "–" for 0.
std::string humanSize(std::uint64_t bytes);
// <time datetime="2026-11-25T19:40:00Z">2026-11-25 19:40</time>; "–" without a time.
std::string timeElement(std::optional<base::WallTime> time);

}  // namespace rha::homepage
