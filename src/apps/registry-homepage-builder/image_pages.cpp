#include "apps/registry-homepage-builder/image_pages.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/registry-homepage-builder/markup.h"
#include "apps/registry-homepage-builder/tag_row.h"

namespace rha::homepage {
namespace {

using nlohmann::ordered_json;

// The tags of one page.
struct Part {
  std::string rows;
  ordered_json tags = ordered_json::array();
  std::size_t count = 0;
};

// Tags of each page, and the page of each tag.
struct Division {
  std::vector<Part> parts;
  std::vector<std::size_t> partOf;
};

Division divide(const ImageView& view) {
  Division division;
  division.parts.emplace_back();
  const auto& tags = view.repository.tags;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    std::string row = tagRow(tags[i], i == view.latest ? RowKind::Latest : RowKind::Ordinary);
    const Part& last = division.parts.back();
    if (last.count == kTagsPerPage || (last.count > 0 && last.rows.size() + row.size() > kTagBytesPerPage)) {
      division.parts.emplace_back();
    }
    Part& part = division.parts.back();
    part.rows += row;
    part.tags.push_back(tagJson(tags[i]));
    ++part.count;
    division.partOf.push_back(division.parts.size() - 1);
  }
  return division;
}

std::string partFolder(const std::string& folder, std::size_t part) {
  return part == 0 ? folder : folder + '_' + std::to_string(part + 1) + '/';
}

// From the page of one part to that of another.
std::string linkTo(std::size_t from, std::size_t to) {
  const std::string up = from == 0 ? "./" : "../";
  return to == 0 ? up : up + '_' + std::to_string(to + 1) + '/';
}

std::string heading(const std::string& name) {
  const auto slash = name.rfind('/');
  const std::string space = slash == std::string::npos ? "" : name.substr(0, slash + 1);
  return "<h1><span class=\"space\">" + escape(space) + "</span>" + escape(name.substr(space.size())) + "</h1>\n";
}

std::string fact(const std::string& term, const std::string& description) {
  return "<div><dt>" + term + "</dt><dd>" + description + "</dd></div>\n";
}

// The pull line and what there is to know of the latest version.
std::string overview(const ImageView& view) {
  const TagEntry& latest = view.latestTag();
  const ImageDetails& image = *latest.image;
  const PlatformImage* main = mainPlatform(image);
  std::string html = "<p class=\"pull\"><code data-copy>docker pull " + escape(view.pullReference()) + "</code></p>\n";
  html += "<section class=\"latest\" aria-labelledby=\"latest\">\n<h2 id=\"latest\">Latest: <code>" +
          escape(latest.tag.text()) + "</code></h2>\n<dl class=\"facts\">\n";
  html += fact("Size", humanSize(main != nullptr ? main->sizeBytes : 0));
  html += fact("Platforms", platformList(image));
  html += fact("Pushed", timeElement(latest.pushed));
  html += fact("Created", timeElement(image.created));
  html += "<div class=\"wide\"><dt>Digest</dt><dd>" + digestElement(image.digest) + "</dd></div>\n</dl>\n";
  if (!image.attachments.empty()) {
    html += "<h3>Signatures, SBOMs and other attachments</h3>\n<ul class=\"attached\">" + attachmentItems(image) +
            "</ul>\n";
  }
  if (!image.labels.empty()) {
    html += "<h3>Labels</h3>\n" + labelList(image) + '\n';
  }
  return html + "</section>\n";
}

std::string pager(std::size_t part, const Division& division) {
  const std::size_t parts = division.parts.size();
  if (parts == 1) {
    return {};
  }
  std::string html = "<nav class=\"pager\" aria-label=\"Pages of tags\">\n";
  if (part > 0) {
    html += "<a rel=\"prev\" href=\"" + linkTo(part, part - 1) + "\">Later versions</a>\n";
  }
  html += "<span>Page " + std::to_string(part + 1) + " of " + std::to_string(parts) + "</span>\n";
  if (part + 1 < parts) {
    html += "<a rel=\"next\" href=\"" + linkTo(part, part + 1) + "\">Earlier versions</a>\n";
  }
  return html + "</nav>\n";
}

constexpr std::string_view kTableBegin =
    "<div class=\"table\"><table class=\"tags\">\n<thead><tr><th scope=\"col\">Tag</th><th scope=\"col\" "
    "class=\"n\">Size</th><th scope=\"col\">Platforms</th><th scope=\"col\">Pushed</th><th scope=\"col\">Created</th>"
    "<th scope=\"col\">Digest and details</th></tr></thead>\n<tbody>\n";

SiteFile htmlPage(const ImageView& view, const SiteTraits& site, const Division& division, std::size_t part) {
  const std::string& name = view.repository.name.text();
  const std::string path = partFolder(pageFolder(view.repository.name), part) + "index.html";
  PageTraits page{.title = name, .root = rootFrom(path), .bodyClass = "image", .searchParts = 0};
  if (part > 0) {
    page.title += ", page " + std::to_string(part + 1);
  }
  std::string html = pageBegin(site, page) + heading(name);
  if (part == 0) {
    html += overview(view);
  }
  const std::size_t count = view.repository.tags.size();
  html += "<section aria-labelledby=\"tags\">\n<h2 id=\"tags\">" + std::to_string(count) +
          (count == 1 ? " tag" : " tags") + "</h2>\n";
  html += std::string(kTableBegin) + division.parts[part].rows + "</tbody>\n</table></div>\n" + pager(part, division);
  html += "<p class=\"json\"><a href=\"index.json\">This page as JSON</a></p>\n</section>\n" + pageEnd(page);
  return {path, std::move(html)};
}

SiteFile jsonPage(const ImageView& view, const Division& division, std::size_t part) {
  const std::string folder = partFolder(pageFolder(view.repository.name), part);
  const bool last = part + 1 == division.parts.size();
  const ordered_json document{
      {"name", view.repository.name.text()},
      {"pull", view.pullReference()},
      {"latest", view.latestTag().tag.text()},
      {"tagCount", view.repository.tags.size()},
      {"page", part + 1},
      {"pages", division.parts.size()},
      {"next", last ? ordered_json(nullptr) : ordered_json(linkTo(part, part + 1) + "index.json")},
      {"tags", division.parts[part].tags}};
  return {folder + "index.json", document.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + '\n'};
}

std::string pushText(const TagEntry& entry) {
  const PlatformImage* main = mainPlatform(*entry.image);
  std::string text;
  for (const PlatformImage& each : entry.image->platforms) {
    text += (text.empty() || each.platform.empty() ? "" : ", ") + each.platform;
  }
  return shortened(text, 200) + (main == nullptr ? "" : (text.empty() ? "" : ": ") + humanSize(main->sizeBytes));
}

std::vector<Push> pushes(const ImageView& view, const Division& division) {
  const Repository& repository = view.repository;
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < repository.tags.size(); ++i) {
    if (repository.tags[i].pushed) {
      order.push_back(i);
    }
  }
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(std::min(order.size(), kPushesInFeed));
  std::partial_sort(order.begin(), end, order.end(), [&](std::size_t a, std::size_t b) {
    return repository.tags[a].pushed > repository.tags[b].pushed;
  });
  order.erase(end, order.end());
  std::vector<Push> list;
  const std::string folder = pageFolder(repository.name);
  for (const std::size_t i : order) {
    const TagEntry& entry = repository.tags[i];
    list.push_back({.at = *entry.pushed,
                    .reference = repository.registry + '/' + repository.name.text() + ':' + entry.tag.text(),
                    .digest = entry.image->digest.text(),
                    .page = partFolder(folder, division.partOf[i]) + "#tag-" + entry.tag.text(),
                    .text = pushText(entry)});
  }
  return list;
}

}  // namespace

ImagePages imagePages(const ImageView& view, const SiteTraits& site) {
  const Division division = divide(view);
  ImagePages pages{.files = {}, .summary = summaryOf(view), .pushes = pushes(view, division)};
  pages.summary.folder = pageFolder(view.repository.name);
  for (std::size_t part = 0; part < division.parts.size(); ++part) {
    pages.files.push_back(htmlPage(view, site, division, part));
    pages.files.push_back(jsonPage(view, division, part));
  }
  return pages;
}

}  // namespace rha::homepage
