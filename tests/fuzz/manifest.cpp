// The first line of the input is the Content-Type of the push, the rest the manifest's bytes.
//
// Covers: oci/manifest.cpp oci/manifest_json.cpp
#include "oci/manifest.h"

#include "expect.h"

using rha::fuzz::expect;

namespace {

void checkDescriptor(const rha::oci::Descriptor& descriptor) {
  expect(rha::oci::Digest::parse(descriptor.digest.text()).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = rha::fuzz::asText(data, size);
  const std::size_t lineEnd = input.find('\n');
  const std::string_view contentType = input.substr(0, lineEnd);
  const std::string_view bytes = lineEnd == std::string_view::npos ? std::string_view() : input.substr(lineEnd + 1);
  const auto manifest = rha::oci::parseManifest(bytes, contentType);
  if (!manifest) {
    expect(!manifest.error().empty());
    return 0;
  }
  expect(!manifest->mediaType.empty());
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
  expect(manifest->manifests.empty() || manifest->kind == rha::oci::ManifestKind::Index);
  expect(manifest->layers.empty() || manifest->kind == rha::oci::ManifestKind::Image);
  return 0;
}
