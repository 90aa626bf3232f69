#include "apps/registry-homepage-builder/listing_pages.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "apps/registry-homepage-builder/listing_rows.h"
#include "apps/registry-homepage-builder/markup.h"

namespace rha::homepage {
namespace {

using nlohmann::ordered_json;
using Images = std::span<const Summary>;

enum class Order : std::uint8_t { ByName, Newest };

// One listing, divided into pages.
struct Listing {
  Order order;
  Images images;
  [[nodiscard]] std::size_t pages() const {
    return std::max<std::size_t>(1, (images.size() + kImagesPerPage - 1) / kImagesPerPage);
  }
  [[nodiscard]] Images page(std::size_t number) const {
    const std::size_t begin = number * kImagesPerPage;
    return images.subspan(begin, std::min(kImagesPerPage, images.size() - begin));
  }
};

struct Namespace {
  std::string_view name;
  std::size_t images = 0;
  std::size_t page = 0;  // of the listing by name, where it begins
};

// Without the '/', so that "a/…" comes before "a-b/…".
std::string_view sortKey(std::string_view nameSpace) {
  return nameSpace.substr(0, nameSpace.size() - (nameSpace.empty() ? 0 : 1));
}

bool byName(const Summary& a, const Summary& b) {
  return std::pair(sortKey(namespaceOf(a.name)), std::string_view(a.name)) <
         std::pair(sortKey(namespaceOf(b.name)), std::string_view(b.name));
}

bool newest(const Summary& a, const Summary& b) {
  return a.updated != b.updated ? a.updated > b.updated : a.name < b.name;
}

// Folder of a page, from the root.
std::string folderOf(Order order, std::size_t page) {
  const std::string folder = order == Order::Newest ? "_newest/" : page == 0 ? "" : "_names/";
  return page == 0 ? folder : folder + std::to_string(page + 1) + '/';
}

// "12,345".
std::string grouped(std::size_t count) {
  std::string text = std::to_string(count);
  for (std::size_t place = text.size(); place > 3; place -= 3) {
    text.insert(place - 3, ",");
  }
  return text;
}

std::string plural(std::size_t count, const std::string& one, const std::string& many) {
  return grouped(count) + ' ' + (count == 1 ? one : many);
}

std::vector<Namespace> namespacesOf(Images images) {
  std::vector<Namespace> list;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const auto name = namespaceOf(images[i].name);
    if (list.empty() || list.back().name != name) {
      list.push_back({name, 0, i / kImagesPerPage});
    }
    ++list.back().images;
  }
  return list;
}

// The largest, by name.
std::vector<Namespace> largest(std::vector<Namespace> list) {
  if (list.size() > kNamespacesShown) {
    std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.images > b.images; });
    list.resize(kNamespacesShown);
    std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return sortKey(a.name) < sortKey(b.name); });
  }
  return list;
}

std::string namespaceLinks(const std::vector<Namespace>& all, std::size_t page, const std::string& root) {
  if (page > 0 || all.size() < 2) {
    return {};
  }
  std::string html = "<nav class=\"spaces\" aria-label=\"Namespaces\">\n<ul>\n";
  for (const Namespace& each : largest(all)) {
    const std::string folder = each.page == page ? "" : root + folderOf(Order::ByName, each.page);
    html += "<li><a href=\"" + folder + '#' + namespaceAnchor(each.name) + "\">" + namespaceTitle(each.name) +
            " <span class=\"count\">" + std::to_string(each.images) + "</span></a></li>\n";
  }
  html += "</ul>\n";
  if (all.size() > kNamespacesShown) {
    html += "<p>The " + std::to_string(kNamespacesShown) + " largest of " + std::to_string(all.size()) +
            " namespaces; the pages below list all.</p>\n";
  }
  return html + "</nav>\n";
}

std::string groups(Images images, const std::string& root) {
  std::string html;
  for (std::size_t begin = 0; begin < images.size();) {
    const auto name = namespaceOf(images[begin].name);
    std::size_t end = begin;
    while (end < images.size() && namespaceOf(images[end].name) == name) {
      ++end;
    }
    const std::string anchor = namespaceAnchor(name);
    const std::string title = namespaceTitle(name);
    html += "<section class=\"group\" aria-labelledby=\"";
    html += anchor;
    html += "\">\n<h2 id=\"";
    html += anchor;
    html += "\">";
    html += title;
    html += "</h2>\n";
    html += imageTable(images.subspan(begin, end - begin), root, "Images: " + title);
    html += "</section>\n";
    begin = end;
  }
  return html;
}

// The pages around the current one, the first and the last.
std::string pageLinks(const Listing& listing, std::size_t page, const std::string& root) {
  constexpr std::size_t kAround = 3;
  std::string html;
  std::size_t previous = 0;
  for (std::size_t i = 0; i < listing.pages(); ++i) {
    const bool near = i + kAround >= page && i <= page + kAround;
    if (!near && i != 0 && i + 1 != listing.pages()) {
      continue;
    }
    html += i > previous + 1 ? "<span>\xE2\x80\xA6</span>\n" : "";
    const std::string current = i == page ? " aria-current=\"page\"" : "";
    html += "<a href=\"";
    html += root;
    html += folderOf(listing.order, i) + "\"" + current + ">" + std::to_string(i + 1) + "</a>\n";
    previous = i;
  }
  return html;
}

std::string pager(const Listing& listing, std::size_t page, const std::string& root) {
  if (listing.pages() == 1) {
    return {};
  }
  std::string html = "<nav class=\"pager\" aria-label=\"Pages of images\">\n";
  if (page > 0) {
    html += "<a rel=\"prev\" href=\"" + root + folderOf(listing.order, page - 1) + "\">Previous</a>\n";
  }
  html += pageLinks(listing, page, root);
  if (page + 1 < listing.pages()) {
    html += "<a rel=\"next\" href=\"" + root + folderOf(listing.order, page + 1) + "\">Next</a>\n";
  }
  return html + "</nav>\n";
}

std::string orderLinks(Order order, const std::string& root) {
  const auto link = [&](Order to, const std::string& text) {
    return "<a href=\"" + root + folderOf(to, 0) + "\"" + (order == to ? " aria-current=\"true\"" : "") + ">" + text +
           "</a>\n";
  };
  return "<nav class=\"orders\" aria-label=\"Order\">\n" + link(Order::ByName, "By name") +
         link(Order::Newest, "Newest first") + "</nav>\n";
}

class Pages final {
 public:
  Pages(const SiteTraits& site, Images byNames)
      : site_(site), namespaces_(namespacesOf(byNames)), images_(byNames.size()) {
    for (const Summary& image : byNames) {
      tags_ += image.tags;
    }
  }

  [[nodiscard]] SiteFile make(const Listing& listing, std::size_t number) const {
    const std::string path = folderOf(listing.order, number) + "index.html";
    const std::string root = rootFrom(path);
    const bool byNames = listing.order == Order::ByName;
    PageTraits page{.title = byNames ? "" : "Newest images",
                    .root = root,
                    .bodyClass = "listing",
                    .searchParts = (images_ + kImagesPerSearchPart - 1) / kImagesPerSearchPart};
    if (number > 0) {
      page.title = (byNames ? "Images, page " : "Newest images, page ") + std::to_string(number + 1);
    }
    std::string html = pageBegin(site_, page) + "<div class=\"bar\"><h1>Container images</h1>\n<p class=\"figures\">" +
                       figures() + "</p>\n" + orderLinks(listing.order, root) + "</div>\n";
    html +=
        "<p id=\"found\" class=\"found\" role=\"status\"></p>\n<div id=\"results\" hidden></div>\n"
        "<div id=\"listing\">\n";
    if (images_ == 0) {
      html += "<p class=\"empty\">There is no image yet that everybody may pull.</p>\n";
    } else if (byNames) {
      html += namespaceLinks(namespaces_, number, root) + groups(listing.page(number), root);
    } else {
      html += imageTable(listing.page(number), root, "Images, the last pushed first");
    }
    html += pager(listing, number, root) + "</div>\n" + pageEnd(page);
    return {path, std::move(html)};
  }

 private:
  [[nodiscard]] std::string figures() const {
    return plural(images_, "image", "images") + ", " + plural(tags_, "tag", "tags") + ", " +
           plural(namespaces_.size(), "namespace", "namespaces");
  }

  const SiteTraits& site_;
  std::vector<Namespace> namespaces_;
  std::size_t images_ = 0;
  std::size_t tags_ = 0;
};

std::string dump(const ordered_json& document) {
  return document.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

ordered_json timeJson(std::optional<WallTime> time) {
  return time ? ordered_json(base::formatRfc3339(*time)) : ordered_json(nullptr);
}

SiteFile searchPart(Images images, std::size_t number) {
  ordered_json rows = ordered_json::array();
  for (const Summary& image : images) {
    rows.push_back({image.name, image.folder, image.latest, image.tags, humanSize(image.sizeBytes), image.platforms,
                    timeJson(image.updated)});
  }
  return {"_search/" + std::to_string(number) + ".json", dump(rows)};
}

SiteFile catalogue(const SiteTraits& site, Images images) {
  ordered_json list = ordered_json::array();
  for (const Summary& image : images) {
    list.push_back({{"name", image.name},
                    {"page", image.folder},
                    {"latest", image.latest},
                    {"tagCount", image.tags},
                    {"size", image.sizeBytes},
                    {"updated", timeJson(image.updated)}});
  }
  return {"catalog.json", dump({{"registry", site.title}, {"images", std::move(list)}})};
}

}  // namespace

void listingPages(std::vector<Summary> summaries, const SiteTraits& site,
                  const std::function<void(const SiteFile&)>& write) {
  std::sort(summaries.begin(), summaries.end(), byName);
  const Pages pages(site, summaries);
  write(catalogue(site, summaries));
  const Listing names{Order::ByName, summaries};
  for (std::size_t i = 0; i < names.pages(); ++i) {
    write(pages.make(names, i));
  }
  std::vector<Summary> recent = summaries;
  std::sort(recent.begin(), recent.end(), newest);
  const Listing newestFirst{Order::Newest, recent};
  for (std::size_t i = 0; i < newestFirst.pages(); ++i) {
    write(pages.make(newestFirst, i));
  }
  for (std::size_t begin = 0; begin < recent.size(); begin += kImagesPerSearchPart) {
    const Images part = Images(recent).subspan(begin, std::min(kImagesPerSearchPart, recent.size() - begin));
    write(searchPart(part, begin / kImagesPerSearchPart + 1));
  }
}

}  // namespace rha::homepage
