// The first line of the input is the Content-Type of the push, the rest the manifest's bytes.
#include "oci/manifest.h"

#include <nlohmann/json.hpp>

#include "require.h"

using rha::fuzz::require;

namespace {

void checkDescriptor(const rha::oci::Descriptor& descriptor) {
  require(rha::oci::Digest::parse(descriptor.digest.text()).ok(), "a descriptor's digest is valid");
}

void checkSameList(const nlohmann::json& list, const std::vector<rha::oci::Descriptor>& descriptors) {
  require(list.is_null() ? descriptors.empty() : list.size() == descriptors.size(), "no descriptor is lost");
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    require(list.at(i).at("digest") == descriptors[i].digest.text(), "digests are those of the document");
    require(list.at(i).at("size") == descriptors[i].size, "sizes are those of the document");
    require(list.at(i).at("mediaType") == descriptors[i].mediaType, "types are those of the document");
  }
}

// The whole document, read by an ordinary JSON parser, says the same.
void checkSameDocument(const rha::oci::Manifest& manifest, std::string_view bytes) {
  const auto document = nlohmann::json::parse(bytes);
  if (manifest.kind == rha::oci::ManifestKind::Image) {
    require(manifest.config.has_value(), "an image has a config");
    require(document.at("config").at("digest") == manifest.config->digest.text(), "the config is the document's");
    checkSameList(document.at("layers"), manifest.layers);
  }
  if (manifest.kind == rha::oci::ManifestKind::Index) {
    checkSameList(document.at("manifests"), manifest.manifests);
  }
  if (manifest.subject) {
    require(document.at("subject").at("digest") == manifest.subject->digest.text(), "the subject is the document's");
  }
  for (const auto& [key, value] : manifest.annotations) {
    require(document.at("annotations").at(key) == value, "annotations are those of the document");
  }
}

// What GET answers as Content-Type is a header value, and a push of the same bytes with it gives the same manifest.
void checkPushedAgain(const rha::oci::Manifest& manifest, std::string_view bytes) {
  for (const char c : manifest.mediaType) {
    require(c > 0x20 && c < 0x7f, "the type fits a header");
  }
  const auto again = rha::oci::parseManifest(bytes, manifest.mediaType);
  require(again.ok() && again->mediaType == manifest.mediaType && again->kind == manifest.kind, "types are stable");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = rha::fuzz::asText(data, size);
  const std::size_t lineEnd = input.find('\n');
  const std::string_view contentType = input.substr(0, lineEnd);
  const std::string_view bytes = lineEnd == std::string_view::npos ? std::string_view() : input.substr(lineEnd + 1);
  const auto manifest = rha::oci::parseManifest(bytes, contentType);
  if (!manifest) {
    rha::fuzz::requireClientText(manifest.error());
    return 0;
  }
  require(!manifest->mediaType.empty(), "a manifest has a media type");
  for (const auto* list : {&manifest->layers, &manifest->manifests}) {
    for (const rha::oci::Descriptor& descriptor : *list) {
      checkDescriptor(descriptor);
    }
  }
  for (const auto* one : {&manifest->config, &manifest->subject}) {
    if (*one) {
      checkDescriptor(**one);
    }
  }
  require(manifest->manifests.empty() || manifest->kind == rha::oci::ManifestKind::Index, "manifests are an index's");
  require(manifest->layers.empty() || manifest->kind == rha::oci::ManifestKind::Image, "layers are an image's");
  checkSameDocument(*manifest, bytes);
  checkPushedAgain(*manifest, bytes);
  return 0;
}
