// One tag as a row of its image's page, and as an object of the JSON beside it.
//
// Pure functions; thread-safe.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "apps/registry-homepage-builder/image_view.h"

namespace rha::homepage {

inline constexpr std::size_t kAttachmentsShown = 20;  // of one image
inline constexpr std::size_t kPlatformsShown = 40;

enum class RowKind : std::uint8_t { Ordinary, Latest };

std::string tagRow(const TagEntry& entry, RowKind kind);
nlohmann::ordered_json tagJson(const TagEntry& entry);

// "amd64, arm64"; "–" for what is no image.
std::string platformList(const ImageDetails& image);
// A digest with what copies it: <code data-copy>sha256:…</code>.
std::string digestElement(const Digest& digest);
// <dl> of labels; empty without any.
std::string labelList(const ImageDetails& image);
// <li> for each attachment.
std::string attachmentItems(const ImageDetails& image);

}  // namespace rha::homepage
