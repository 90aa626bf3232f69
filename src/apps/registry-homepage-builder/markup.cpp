#include "apps/registry-homepage-builder/markup.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/text.h"

namespace rha::homepage {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kDash = "\xE2\x80\x93";

struct Character {
  std::size_t bytes = 1;
  char32_t code = 0xFFFD;
};

// The first character of `text`, which is not empty; U+FFFD of one byte when it is no UTF-8.
Character decodeFirst(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80U) {
    return {1, lead};
  }
  const std::size_t bytes = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : 2;
  if (lead < 0xC2U || lead > 0xF4U || text.size() < bytes) {
    return {};
  }
  char32_t code = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0U) != 0x80U) {
      return {};
    }
    code = (code << 6U) | (next & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < kLeast.at(bytes) || code > 0x10FFFF || surrogate ? Character{} : Character{bytes, code};
}

bool isHarmful(char32_t code) {
  const bool control = (code < 0x20 && code != '\t' && code != '\n') || (code >= 0x7F && code < 0xA0);
  const bool turnsDirection = (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
                              code == 0x200E || code == 0x200F || code == 0x061C;
  return control || turnsDirection || code == 0xFFFE || code == 0xFFFF;
}

void appendEscaped(std::string& out, char32_t code, std::string_view bytes) {
  switch (code) {
    case '&':
      out += "&amp;";
      return;
    case '<':
      out += "&lt;";
      return;
    case '>':
      out += "&gt;";
      return;
    case '"':
      out += "&quot;";
      return;
    case '\'':
      out += "&#39;";
      return;
    default:
      out += isHarmful(code) ? kReplacement : bytes;
  }
}

// Files in the root of the site and in the folders of images; what the registry serves.
constexpr std::array<std::string_view, 9> kTaken{"index.html", "index.json", "catalog.json", "status.json", "feed.atom",
                                                 "style.css",  "site.js",    "icon.svg",     "v2"};

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const Character first = decodeFirst(text);
    appendEscaped(out, first.code, first.code == 0xFFFD ? kReplacement : text.substr(0, first.bytes));
    text.remove_prefix(first.bytes);
  }
  return out;
}

std::string shortened(std::string_view text, std::size_t most) {
  if (text.size() <= most) {
    return std::string(text);
  }
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  return std::string(text.substr(0, end)) + "\xE2\x80\xA6";
}

std::string pageFolder(const oci::RepositoryName& name) {
  std::string folder;
  for (const auto part : base::split(name.text(), '/')) {
    folder += std::find(kTaken.begin(), kTaken.end(), part) == kTaken.end() ? "" : "_";
    folder += part;
    folder += '/';
  }
  return folder + "tags/";
}

std::string humanSize(std::uint64_t bytes) {
  if (bytes == 0) {
    return std::string(kDash);
  }
  constexpr std::array<const char*, 6> kUnits{"B", "kB", "MB", "GB", "TB", "PB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit > 0 && value < 9.95 ? "%.1f %s" : "%.0f %s", value, kUnits.at(unit));
  return text.data();
}

std::string timeElement(std::optional<base::WallTime> time) {
  if (!time) {
    return std::string(kDash);
  }
  const std::string text = base::formatRfc3339(*time);
  return "<time datetime=\"" + text + "\">" + text.substr(0, 10) + ' ' + text.substr(11, 5) + "</time>";
}

}  // namespace rha::homepage
