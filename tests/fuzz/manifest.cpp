// The first line of the input is the Content-Type of the push, the rest the manifest's bytes.
#include "oci/manifest.h"

#include "require.h"

using rha::fuzz::require;

namespace {

void checkDescriptor(const rha::oci::Descriptor& descriptor) {
  require(rha::oci::Digest::parse(descriptor.digest.text()).ok(), "a descriptor's digest is valid");
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
  return 0;
}
