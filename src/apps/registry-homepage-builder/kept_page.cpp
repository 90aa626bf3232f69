#include "apps/registry-homepage-builder/kept_page.h"

#include <nlohmann/json.hpp>

#include "apps/registry-homepage-builder/markup.h"

namespace rha::homepage {
namespace {

using nlohmann::json;

std::optional<WallTime> timeOf(const json& value) {
  return value.is_string() ? base::parseRfc3339(value.get<std::string>()) : std::nullopt;
}

void readTags(const json& tags, Summary& summary) {
  for (const json& tag : tags) {
    const auto pushed = timeOf(tag.at("pushed"));
    const auto time = pushed ? pushed : timeOf(tag.at("created"));
    if (time && (!summary.updated || *time > *summary.updated)) {
      summary.updated = time;
    }
    if (tag.at("tag") != summary.latest) {
      continue;
    }
    for (const json& platform : tag.at("platforms")) {
      const auto name = shortPlatform(platform.at("platform").get<std::string>());
      summary.platforms += (summary.platforms.empty() || name.empty() ? "" : ", ") + name;
      if (summary.sizeBytes == 0 || platform.at("platform") == "linux/amd64") {
        summary.sizeBytes = platform.at("size").get<std::uint64_t>();
      }
    }
  }
}

}  // namespace

std::optional<Summary> keptSummary(std::string_view text, const RepositoryName& name) {
  try {
    const json page = json::parse(text);
    if (page.at("name") != name.text()) {
      return std::nullopt;
    }
    Summary summary;
    summary.name = name.text();
    summary.folder = pageFolder(name);
    summary.latest = page.at("latest").get<std::string>();
    summary.tags = page.at("tagCount").get<std::size_t>();
    readTags(page.at("tags"), summary);
    return summary;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace rha::homepage
