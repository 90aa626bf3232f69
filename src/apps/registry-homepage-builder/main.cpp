// registry-homepage-builder: writes the static homepage of a registry, and turns the outcome into an exit code: 0 the
// site is in place, 1 nothing was changed, 2 wrong use, 3 in place, but images could not be read.
#include <cstdio>
#include <exception>
#include <span>

#include "apps/registry-homepage-builder/options.h"
#include "apps/registry-homepage-builder/program.h"

int main(int argc, char** argv) {
  using namespace rha::homepage;
  try {
    const auto options = parseOptions(std::span<const char* const>(argv + 1, static_cast<std::size_t>(argc - 1)));
    if (!options) {
      std::fprintf(stderr, "registry-homepage-builder: %s\nTry: registry-homepage-builder --help\n",
                   options.error().c_str());
      return 2;
    }
    return perform(*options, RHA_VERSION);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "registry-homepage-builder: %s\n", error.what());
    return 1;
  }
}
