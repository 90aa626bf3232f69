// Where the Swift of the tests is: two clusters that tests/swift/run has started, with all middleware (Full) and with
// what some production proxies have (Bare).
//
//   RHA_TEST_SWIFT_FULL, RHA_TEST_SWIFT_BARE   auth URLs; unset: there is no Swift, and tests of it are left out
//   RHA_TEST_SWIFT_FULL_DIR, …_BARE_DIR        folders of the clusters, for tests/tools/swift-aio
#pragma once

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

#include "storage/swift_settings.h"

namespace rha::test {

enum class SwiftProfile : std::uint8_t { Full, Bare };

inline std::string environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

inline std::string swiftVariable(SwiftProfile profile) {
  return profile == SwiftProfile::Full ? "RHA_TEST_SWIFT_FULL" : "RHA_TEST_SWIFT_BARE";
}

inline bool swiftRuns() {
  return !environment(swiftVariable(SwiftProfile::Full)).empty() &&
         !environment(swiftVariable(SwiftProfile::Bare)).empty();
}

// Puts the password into `folder`.
inline storage::SwiftSettings swiftSettings(SwiftProfile profile, const std::filesystem::path& folder,
                                            const std::string& container = "contract") {
  storage::SwiftSettings settings;
  settings.authUrl = environment(swiftVariable(profile));
  settings.user = "docker:registry";
  settings.passwordFile = folder / "password";
  std::ofstream(settings.passwordFile) << "swiftaiokey\n";
  settings.container = container;
  settings.prefix = "registry";
  settings.segmentBytes = 4U << 20U;
  return settings;
}

// Runs tests/tools/swift-aio on the cluster. Throws when it fails.
inline void swiftAio(SwiftProfile profile, const std::string& arguments) {
  const std::string command = std::string(RHA_TESTS_DIR) + "/tools/swift-aio " + arguments + " --dir " +
                              environment(swiftVariable(profile) + "_DIR") + " >/dev/null";
  if (std::system(command.c_str()) != 0) {
    throw std::runtime_error("failed: " + command);
  }
}

}  // namespace rha::test
