// docker-registryctl: the operator's command. Reads its command line, does one action, prints the outcome.
#include <cstdio>
#include <exception>

#include "apps/docker-registryctl/command_line.h"

namespace {

using rha::registryctl::ExitCode;

int run(int argc, char** argv) {
  const auto command = rha::registryctl::parseCommandLine({argv + 1, static_cast<std::size_t>(argc - 1)}, RHA_VERSION);
  if (!command) {
    std::fprintf(stderr, "docker-registryctl: %s\nTry: docker-registryctl --help\n", command.error().text.c_str());
    return static_cast<int>(command.error().code);
  }
  if (command->action == nullptr) {
    std::fputs(command->print.c_str(), stdout);
    return 0;
  }
  const auto outcome = command->action->run(command->options);
  std::fputs(outcome.out.c_str(), stdout);
  std::fputs(outcome.error.c_str(), stderr);
  return static_cast<int>(outcome.code);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "docker-registryctl: %s\n", error.what());
    return static_cast<int>(ExitCode::WrongUse);
  }
}
