// Rows and tables of the listings. Pure functions; thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "apps/registry-homepage-builder/image_view.h"

namespace rha::homepage {

// The first part of a name, with '/'; empty for a name of one part.
std::string_view namespaceOf(std::string_view name);
// Where the listings link to: "ns-library", "ns-" for names of one part.
std::string namespaceAnchor(std::string_view nameSpace);
// What is written over a group.
std::string namespaceTitle(std::string_view nameSpace);

// <table> of these images; `root` leads from the page to the root of the site. `label` names it for screen readers.
std::string imageTable(std::span<const Summary> images, const std::string& root, const std::string& label);

}  // namespace rha::homepage
