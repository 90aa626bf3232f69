// SiteTree: the folder of the site, built aside and put in place whole. For a site at /srv/homepage:
//
//   /srv/homepage             in place; who reads it sees the old site or the new one, never a mixture
//   /srv/.homepage.building   being built, locked; after the exchange it holds the old one, and is removed
//   /srv/homepage/.registry-homepage   says that the folder is a site of this program, and may be replaced
//
// A file that did not change is the old one (a hard link), with the time it had. Files are never written in place.
// Owned by the build; write() and keep() from any thread, the rest from one. Failure: base::IoError or
// std::runtime_error with a text for the operator; what was in place stays.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "apps/registry-homepage-builder/page_frame.h"
#include "base/fd.h"

namespace rha::homepage {

inline constexpr std::string_view kSiteMarker = ".registry-homepage";

enum class Takeover : std::uint8_t {
  OwnOnly,  // only what does not exist, is empty or bears the marker is replaced
  Any,      // what another program wrote there is removed
};

class SiteTree final {
 public:
  struct Counts {
    std::uint64_t written = 0;
    std::uint64_t unchanged = 0;
  };

  SiteTree(const std::filesystem::path& target, Takeover takeover);
  SiteTree(const SiteTree&) = delete;
  SiteTree& operator=(const SiteTree&) = delete;
  // Removes what was built and not put in place.
  ~SiteTree();

  // Locks the folder to build in and empties it. Throws if `target` is not to be replaced, or another build is at it.
  void begin();
  void write(const SiteFile& file);
  // Takes the pages of an image (page_frame.h, pageFolder()) over from the site in place. False if there are none.
  bool keep(const std::string& folder);
  // A file of the site in place; nullopt if there is none.
  [[nodiscard]] std::optional<std::string> before(const std::string& path) const;
  // Makes what was built durable and puts it in place.
  Counts putInPlace();

 private:
  void checkTarget() const;
  void removeBuilt() noexcept;
  // Whether the old file could be used in place of `bytes`.
  bool linkUnchanged(const SiteFile& file, const std::filesystem::path& to);
  void link(const std::filesystem::path& from, const std::filesystem::path& to);

  std::filesystem::path target_;
  std::filesystem::path building_;
  Takeover takeover_;
  base::Fd lock_;
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> unchanged_{0};
};

}  // namespace rha::homepage
