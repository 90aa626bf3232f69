// SwiftLimits: what a Swift says of itself at /info, where it does. It is asked once, at the start; a Swift that does
// not tell, or cannot be understood, is used by Swift's own defaults: nothing here is needed.
//
// Pure but for askLimits(), which blocks and never throws.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fetch/client.h"
#include "storage/swift_settings.h"

namespace rha::storage {

struct SwiftLimits {
  // Swift's defaults; 0: not known.
  std::uint64_t maxFileSize = 0;
  std::uint64_t maxNameBytes = 1024;
  std::uint64_t maxMetaValueBytes = 256;
  std::uint64_t maxMetaBytes = 4096;
  std::uint64_t listingEntries = 10'000;
};

// The answer of /info; defaults for what it does not say.
SwiftLimits parseLimits(std::string_view json);

// GET of /info on the server of `endpoint`, a storage URL; one attempt.
SwiftLimits askLimits(fetch::Client& client, std::string_view endpoint, std::chrono::milliseconds patience);

// Throws StorageError(Broken), telling what to set, when the settings cannot work within the limits.
void requireWithin(const SwiftLimits& limits, const SwiftSettings& settings);

// Names of limits that are lower than what the driver's objects may take: some pushes will be refused by Swift.
std::vector<std::string> lowLimits(const SwiftLimits& limits);

}  // namespace rha::storage
