#include "apps/registry-homepage-builder/catalogue.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace rha::homepage {
namespace {

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// "sha256-<hex>.sig" -> "sha256-<hex>", "sig".
std::pair<std::string_view, std::string_view> divideTag(std::string_view tag) {
  const auto dot = tag.find('.');
  return {tag.substr(0, dot), dot == std::string_view::npos ? std::string_view{} : tag.substr(dot + 1)};
}

}  // namespace

std::optional<Digest> attachedTo(const Tag& tag) {
  const auto [subject, suffix] = divideTag(tag.text());
  const auto hyphen = subject.find('-');
  if (hyphen == std::string_view::npos || (!suffix.empty() && suffix != "sig" && suffix != "sbom" && suffix != "att")) {
    return std::nullopt;
  }
  auto digest = Digest::parse(std::string(subject.substr(0, hyphen)) + ':' + std::string(subject.substr(hyphen + 1)));
  return digest ? std::optional(std::move(*digest)) : std::nullopt;
}

bool isAttestationPlatform(std::string_view platform) { return platform.starts_with("unknown/"); }

AttachmentKind attachmentKindOfTag(const Tag& tag) {
  const auto suffix = divideTag(tag.text()).second;
  if (suffix == "sig") {
    return AttachmentKind::Signature;
  }
  if (suffix == "sbom") {
    return AttachmentKind::Sbom;
  }
  return suffix == "att" ? AttachmentKind::Attestation : AttachmentKind::Other;
}

AttachmentKind attachmentKind(std::string_view artifactType) {
  const std::string type = base::toLower(artifactType);
  if (contains(type, "spdx") || contains(type, "cyclonedx") || contains(type, "sbom")) {
    return AttachmentKind::Sbom;
  }
  if (contains(type, "cosign") || contains(type, "notary") || contains(type, "signature") ||
      contains(type, "sigstore")) {
    return AttachmentKind::Signature;
  }
  return contains(type, "in-toto") || contains(type, "attestation") ? AttachmentKind::Attestation
                                                                    : AttachmentKind::Other;
}

std::string_view toString(AttachmentKind kind) {
  constexpr std::array<std::string_view, 4> kNames{"signature", "SBOM", "attestation", "attachment"};
  return kNames.at(static_cast<std::size_t>(kind));
}

}  // namespace rha::homepage
