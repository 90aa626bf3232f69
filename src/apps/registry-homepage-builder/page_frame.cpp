#include "apps/registry-homepage-builder/page_frame.h"

#include <algorithm>

#include "apps/registry-homepage-builder/markup.h"

namespace rha::homepage {

std::string rootFrom(std::string_view path) {
  std::string root;
  for (auto folders = std::count(path.begin(), path.end(), '/'); folders > 0; --folders) {
    root += "../";
  }
  return root.empty() ? "./" : root;
}

std::string pageBegin(const SiteTraits& site, const PageTraits& page) {
  const std::string siteTitle = escape(site.title);
  const std::string title = escape(page.title);
  const std::string& root = page.root;
  std::string html = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  html += "<meta http-equiv=\"Content-Security-Policy\" content=\"" + escape(kPagePolicy) + "\">\n";
  html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  html += "<meta name=\"color-scheme\" content=\"light dark\">\n";
  html += "<title>" + title + (title.empty() ? "" : " \xC2\xB7 ") + siteTitle + "</title>\n";
  html += "<link rel=\"stylesheet\" href=\"" + root + "style.css\">\n";
  html += "<link rel=\"icon\" type=\"image/svg+xml\" href=\"" + root + "icon.svg\">\n";
  html += "<link rel=\"alternate\" type=\"application/atom+xml\" title=\"Recent pushes\" href=\"" + root +
          "feed.atom\">\n<script defer src=\"" + root + "site.js\"></script>\n</head>\n";
  html += "<body class=\"" + page.bodyClass + "\" data-root=\"" + root + "\"";
  html += page.searchParts > 0 ? " data-search-parts=\"" + std::to_string(page.searchParts) + "\">\n" : ">\n";
  html += "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header class=\"top\">\n";
  html += "<a class=\"brand\" href=\"" + root + "\"><img src=\"" + root +
          "icon.svg\" alt=\"\" width=\"22\" height=\"22\">" + siteTitle + "</a>\n";
  // Shown by the script, without which it could do nothing.
  html += "<form class=\"search\" id=\"search\" role=\"search\" action=\"" + root +
          "\" method=\"get\" hidden>\n<label class=\"hidden\" for=\"q\">Search images</label>\n"
          "<input id=\"q\" name=\"q\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" "
          "placeholder=\"Search images\" aria-describedby=\"search-keys\">\n"
          "<span id=\"search-keys\" class=\"keys\">Press / to search</span>\n"
          "<button type=\"submit\">Search</button>\n</form>\n</header>\n<main id=\"main\" tabindex=\"-1\">\n";
  return html;
}

std::string pageEnd(const PageTraits& page) {
  const std::string& root = page.root;
  return "</main>\n<footer class=\"bottom\">\n<p>All times are UTC; sizes are those of the compressed layers. "
         "<span id=\"built\" data-status=\"" +
         root + "status.json\"></span></p>\n<p><a href=\"" + root + "catalog.json\">catalog.json</a> <a href=\"" +
         root + "feed.atom\">Feed of recent pushes</a></p>\n</footer>\n</body>\n</html>\n";
}

}  // namespace rha::homepage
