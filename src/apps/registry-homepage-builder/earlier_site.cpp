#include "apps/registry-homepage-builder/earlier_site.h"

#include <nlohmann/json.hpp>

#include "apps/registry-homepage-builder/markup.h"

namespace rha::homepage {
namespace {

using nlohmann::json;

// Throws when the text is no digest.
Digest digestOf(const json& object) { return Digest::parse(object.at("digest").get_ref<const std::string&>()).value(); }

ImageDetails imageOf(const json& tag) {
  ImageDetails image{.digest = digestOf(tag),
                     .mediaType = tag.at("mediaType").get<std::string>(),
                     .platforms = {},
                     .created = {},
                     .labels = tag.at("labels").get<std::map<std::string, std::string>>(),
                     .attachments = {}};
  if (const json& created = tag.at("created"); created.is_string()) {
    image.created = base::parseRfc3339(created.get_ref<const std::string&>());
  }
  for (const json& each : tag.at("platforms")) {
    image.platforms.push_back(
        {each.at("platform").get<std::string>(), digestOf(each), each.at("size").get<std::uint64_t>()});
  }
  for (const json& each : tag.at("attachments")) {
    if (each.at("artifactType") == kIndexAttestation) {
      image.attachments.push_back({AttachmentKind::Attestation, std::string(kIndexAttestation), digestOf(each)});
    }
  }
  return image;
}

// Whether nothing was missing when it was read: a config, a child of an index.
bool isWhole(const ImageDetails& image) {
  bool whole = image.created || !image.labels.empty();
  for (const PlatformImage& each : image.platforms) {
    whole = whole && each.sizeBytes > 0;
  }
  return whole;
}

}  // namespace

EarlierSite::Images EarlierSite::imagesOf(const RepositoryName& name) const {
  Images images;
  try {
    const std::string folder = pageFolder(name);
    std::size_t pages = 1;
    for (std::size_t page = 1; page <= pages; ++page) {
      const auto text = read_(page == 1 ? folder + "index.json" : folder + '_' + std::to_string(page) + "/index.json");
      const json document = json::parse(text.value_or("{}"));
      if (document.at("name") != name.text()) {
        return {};
      }
      pages = document.at("pages").get<std::size_t>();
      for (const json& tag : document.at("tags")) {
        ImageDetails image = imageOf(tag);
        if (isWhole(image)) {
          images.insert_or_assign(image.digest, std::move(image));
        }
      }
    }
    return images;
  } catch (const std::exception&) {  // there is none, or it was written by another version, or is damaged
    return images;
  }
}

}  // namespace rha::homepage
