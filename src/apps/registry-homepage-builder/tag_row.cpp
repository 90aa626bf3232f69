#include "apps/registry-homepage-builder/tag_row.h"

#include <algorithm>
#include <set>

#include "apps/registry-homepage-builder/markup.h"

namespace rha::homepage {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kShortDigest = 12;  // hexadecimal digits
constexpr std::size_t kLongestType = 120;

std::string shortDigest(const Digest& digest) { return std::string(digest.hex().substr(0, kShortDigest)); }

std::string sizeOf(const ImageDetails& image) {
  const PlatformImage* main = mainPlatform(image);
  return humanSize(main != nullptr ? main->sizeBytes : 0);
}

std::string badges(const TagEntry& entry, RowKind kind) {
  std::string html = kind == RowKind::Latest ? " <span class=\"badge strong\">latest</span>" : "";
  std::set<AttachmentKind> kinds;
  for (const Attachment& each : entry.image->attachments) {
    kinds.insert(each.kind);
  }
  for (const AttachmentKind each : kinds) {
    html += " <span class=\"badge\">" + std::string(each == AttachmentKind::Signature ? "signed" : toString(each)) +
            "</span>";
  }
  return html;
}

std::string platformItems(const ImageDetails& image) {
  std::string html;
  for (std::size_t i = 0; i < std::min(image.platforms.size(), kPlatformsShown); ++i) {
    const PlatformImage& each = image.platforms[i];
    html += "<li><b>" + escape(each.platform.empty() ? "unknown platform" : each.platform) + "</b> " +
            humanSize(each.sizeBytes) + ' ' + digestElement(each.digest) + "</li>";
  }
  if (image.platforms.size() > kPlatformsShown) {
    html += "<li>and " + std::to_string(image.platforms.size() - kPlatformsShown) + " more</li>";
  }
  return html;
}

// What is folded away below the digest.
std::string details(const ImageDetails& image) {
  std::string html = "<p>" + digestElement(image.digest) + "</p>";
  if (image.platforms.size() > 1) {
    html += "<h3>Platforms</h3><ul>" + platformItems(image) + "</ul>";
  }
  if (!image.attachments.empty()) {
    html += "<h3>Attached</h3><ul>" + attachmentItems(image) + "</ul>";
  }
  if (!image.labels.empty()) {
    html += "<h3>Labels</h3>" + labelList(image);
  }
  return html;
}

ordered_json timeJson(std::optional<WallTime> time) {
  return time ? ordered_json(base::formatRfc3339(*time)) : ordered_json(nullptr);
}

ordered_json platformsJson(const ImageDetails& image) {
  ordered_json list = ordered_json::array();
  for (const PlatformImage& each : image.platforms) {
    list.push_back({{"platform", each.platform}, {"digest", each.digest.text()}, {"size", each.sizeBytes}});
  }
  return list;
}

ordered_json attachmentsJson(const ImageDetails& image) {
  ordered_json list = ordered_json::array();
  for (const Attachment& each : image.attachments) {
    list.push_back(
        {{"kind", toString(each.kind)}, {"artifactType", each.artifactType}, {"digest", each.digest.text()}});
  }
  return list;
}

}  // namespace

std::string platformList(const ImageDetails& image) {
  constexpr std::size_t kMost = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(image.platforms.size(), kMost); ++i) {
    const std::string part = shortPlatform(image.platforms[i].platform);
    text += (text.empty() || part.empty() ? "" : ", ") + part;
  }
  if (image.platforms.size() > kMost) {
    text += ", \xE2\x80\xA6";
  }
  return text.empty() ? "\xE2\x80\x93" : escape(text);
}

std::string digestElement(const Digest& digest) {
  return "<code class=\"digest\" data-copy>" + digest.text() + "</code>";
}

std::string labelList(const ImageDetails& image) {
  std::string html;
  for (const auto& [key, value] : image.labels) {
    html += "<div><dt>" + escape(key) + "</dt><dd>" + escape(value) + "</dd></div>";
  }
  return html.empty() ? html : "<dl class=\"labels\">" + html + "</dl>";
}

std::string attachmentItems(const ImageDetails& image) {
  std::string html;
  for (std::size_t i = 0; i < std::min(image.attachments.size(), kAttachmentsShown); ++i) {
    const Attachment& each = image.attachments[i];
    html += "<li><b>" + std::string(toString(each.kind)) + "</b> " +
            (each.artifactType.empty() ? "" : escape(shortened(each.artifactType, kLongestType)) + ' ') +
            digestElement(each.digest) + "</li>";
  }
  if (image.attachments.size() > kAttachmentsShown) {
    html += "<li>and " + std::to_string(image.attachments.size() - kAttachmentsShown) + " more</li>";
  }
  return html;
}

std::string tagRow(const TagEntry& entry, RowKind kind) {
  const ImageDetails& image = *entry.image;
  const std::string tag = escape(entry.tag.text());
  std::string html = "<tr id=\"tag-" + tag + "\"><th scope=\"row\"><code>" + tag + "</code>" + badges(entry, kind) +
                     "</th><td data-label=\"Size\" class=\"n\">" + sizeOf(image) +
                     "</td><td data-label=\"Platforms\">" + platformList(image) + "</td><td data-label=\"Pushed\">" +
                     timeElement(entry.pushed) + "</td><td data-label=\"Created\">" + timeElement(image.created) +
                     "</td><td data-label=\"Digest\"><details><summary><code>" + shortDigest(image.digest) +
                     "</code></summary>" + details(image) + "</details></td></tr>\n";
  return html;
}

ordered_json tagJson(const TagEntry& entry) {
  const ImageDetails& image = *entry.image;
  return {{"tag", entry.tag.text()},
          {"digest", image.digest.text()},
          {"mediaType", image.mediaType},
          {"created", timeJson(image.created)},
          {"pushed", timeJson(entry.pushed)},
          {"platforms", platformsJson(image)},
          {"attachments", attachmentsJson(image)},
          {"labels", image.labels.empty() ? ordered_json::object() : ordered_json(image.labels)}};
}

}  // namespace rha::homepage
