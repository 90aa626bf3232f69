// What all pages of the site have in common: head, header with the search, footer.
//
// Pure functions; thread-safe. Links are relative, so that the site works below any path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rha::homepage {

// Of the whole site.
struct SiteTraits {
  std::string title;  // "registry.example.org"
};

// A file of the site: its path below the root and its bytes.
struct SiteFile {
  std::string path;
  std::string bytes;
};

struct PageTraits {
  std::string title;            // plain text
  std::string root;             // from the page to the root of the site: "./", "../../"
  std::string bodyClass;        // for the style sheet
  std::size_t searchParts = 0;  // files of the search; only the listings, which know them, say so
};

std::string pageBegin(const SiteTraits& site, const PageTraits& page);
std::string pageEnd(const PageTraits& page);

// "../" for each folder in `path`: from a file there to the root; "./" for a file in the root.
std::string rootFrom(std::string_view path);

// The policy of the site's answers, and of its pages wherever they are served from.
inline constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'";

}  // namespace rha::homepage
