#include "apps/registry-homepage-builder/image_view.h"

#include <algorithm>
#include <compare>

#include "base/debian_version.h"

namespace rha::homepage {
namespace {

constexpr std::string_view kLatest = "latest";
constexpr std::size_t kPlatformsInSummary = 4;

bool laterVersion(const TagEntry& a, const TagEntry& b) {
  const auto order = base::compareDebianVersions(a.tag.text(), b.tag.text());
  return std::is_neq(order) ? std::is_gt(order) : a.tag.text() > b.tag.text();
}

std::size_t placeOfLatest(const std::vector<TagEntry>& tags) {
  const auto found = std::find_if(tags.begin(), tags.end(), [](const TagEntry& e) { return e.tag.text() != kLatest; });
  return found == tags.end() ? 0 : static_cast<std::size_t>(found - tags.begin());
}

std::string platformsOf(const ImageDetails& image) {
  std::string text;
  for (std::size_t i = 0; i < image.platforms.size() && i <= kPlatformsInSummary; ++i) {
    const bool tooMany = i == kPlatformsInSummary;
    const std::string part = tooMany ? "\xE2\x80\xA6" : shortPlatform(image.platforms[i].platform);
    text += (text.empty() || part.empty() ? "" : ", ") + part;
  }
  return text;
}

}  // namespace

std::string ImageView::pullReference() const {
  return repository.registry + '/' + repository.name.text() + ':' + latestTag().tag.text();
}

const PlatformImage* mainPlatform(const ImageDetails& image) {
  const auto& platforms = image.platforms;
  const auto found = std::find_if(platforms.begin(), platforms.end(),
                                  [](const PlatformImage& each) { return each.platform == "linux/amd64"; });
  if (found != platforms.end()) {
    return &*found;
  }
  return platforms.empty() ? nullptr : &platforms.front();
}

std::string shortPlatform(const std::string& platform) {
  constexpr std::string_view kUsual = "linux/";
  return platform.starts_with(kUsual) ? platform.substr(kUsual.size()) : platform;
}

std::optional<ImageView> viewOf(Repository repository) {
  if (repository.tags.empty()) {
    return std::nullopt;
  }
  std::sort(repository.tags.begin(), repository.tags.end(), laterVersion);
  const std::size_t latest = placeOfLatest(repository.tags);
  return ImageView{std::move(repository), latest};
}

Summary summaryOf(const ImageView& view) {
  const Repository& repository = view.repository;
  Summary summary{.name = repository.name.text(),
                  .folder = {},
                  .latest = view.latestTag().tag.text(),
                  .tags = repository.tags.size(),
                  .sizeBytes = 0,
                  .platforms = {},
                  .updated = std::nullopt};
  const ImageDetails& image = *view.latestTag().image;
  summary.platforms = platformsOf(image);
  if (const PlatformImage* main = mainPlatform(image)) {
    summary.sizeBytes = main->sizeBytes;
  }
  for (const TagEntry& entry : repository.tags) {
    const auto time = entry.pushed ? entry.pushed : entry.image->created;
    if (time && (!summary.updated || *time > *summary.updated)) {
      summary.updated = time;
    }
  }
  return summary;
}

}  // namespace rha::homepage
