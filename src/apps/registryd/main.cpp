// registryd: the registry daemon. Reads its command line, does the one task it names, and turns the outcome into an
// exit code: 0 done, 1 failed (one line says why), 2 wrong use.
#include <cstdio>
#include <exception>
#include <span>

#include "apps/registryd/options.h"
#include "apps/registryd/tasks.h"

int main(int argc, char** argv) {
  using namespace rha::registryd;
  try {
    const auto options = parseOptions(std::span<const char* const>(argv + 1, static_cast<std::size_t>(argc - 1)));
    if (!options) {
      std::fprintf(stderr, "registryd: %s\nTry: registryd --help\n", options.error().c_str());
      return 2;
    }
    return perform(*options, RHA_VERSION);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "registryd: %s\n", error.what());
    return 1;
  }
}
