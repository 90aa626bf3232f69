// Debian version order: which of two version texts is the later one, as dpkg has it (deb-version(7), "Sorting
// algorithm"): epoch, then upstream version, then revision; '~' before everything, even the end; digits as numbers of
// any length; letters before other characters.
//
// Takes any text, for tags of images are compared by it too: what is no valid version has its place as well.
// Pure function; thread-safe; never fails.
#pragma once

#include <compare>
#include <string_view>

namespace rha::base {

// Equivalent for texts that differ only in what does not count: "1.0" and "1.00", "1.0" and "1.0-0".
std::weak_ordering compareDebianVersions(std::string_view a, std::string_view b);

}  // namespace rha::base
