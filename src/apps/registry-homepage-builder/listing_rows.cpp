#include "apps/registry-homepage-builder/listing_rows.h"

#include "apps/registry-homepage-builder/markup.h"

namespace rha::homepage {
namespace {

std::string imageRow(const Summary& image, const std::string& root) {
  const auto slash = image.name.rfind('/');
  const std::string space = slash == std::string::npos ? "" : image.name.substr(0, slash + 1);
  return "<tr><th scope=\"row\"><a href=\"" + root + image.folder + "\"><span class=\"space\">" + escape(space) +
         "</span>" + escape(image.name.substr(space.size())) + "</a></th><td data-label=\"Latest\"><code>" +
         escape(image.latest) + "</code></td><td data-label=\"Tags\" class=\"n\">" + std::to_string(image.tags) +
         "</td><td data-label=\"Size\" class=\"n\">" + humanSize(image.sizeBytes) +
         "</td><td data-label=\"Platforms\">" + (image.platforms.empty() ? "\xE2\x80\x93" : escape(image.platforms)) +
         "</td><td data-label=\"Updated\">" + timeElement(image.updated) + "</td></tr>\n";
}

}  // namespace

std::string_view namespaceOf(std::string_view name) {
  const auto slash = name.find('/');
  return slash == std::string_view::npos ? std::string_view{} : name.substr(0, slash + 1);
}

std::string namespaceAnchor(std::string_view nameSpace) {
  return "ns-" + std::string(nameSpace.substr(0, nameSpace.size() - (nameSpace.empty() ? 0 : 1)));
}

std::string namespaceTitle(std::string_view nameSpace) {
  return nameSpace.empty() ? "Without namespace" : escape(nameSpace);
}

std::string imageTable(std::span<const Summary> images, const std::string& root, const std::string& label) {
  std::string html =
      "<div class=\"table\"><table class=\"images\">\n<caption class=\"hidden\">" + label +
      "</caption>\n<thead><tr><th scope=\"col\">Image</th><th scope=\"col\">Latest</th><th scope=\"col\" "
      "class=\"n\">Tags</th><th scope=\"col\" class=\"n\">Size</th><th scope=\"col\">Platforms</th><th scope=\"col\">"
      "Updated</th></tr></thead>\n<tbody>\n";
  for (const Summary& image : images) {
    html += imageRow(image, root);
  }
  return html + "</tbody>\n</table></div>\n";
}

}  // namespace rha::homepage
