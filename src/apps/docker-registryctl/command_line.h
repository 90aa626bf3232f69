// The command line of docker-registryctl: one table of actions and one of options, which also make --help, the manual
// and the completion for bash.
//
// Pure functions; thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/docker-registryctl/actions.h"
#include "base/result.h"

namespace rha::registryctl {

struct ActionRow {
  std::string_view name;
  std::string_view arguments;  // "ACTION [REPOSITORY]"
  std::string_view summary;    // of one line, for --help
  std::string_view help;       // whole sentences, for the manual
  Outcome (*run)(const Options& options);
};
std::span<const ActionRow> allActions();

struct OptionRow {
  std::string_view name;      // "--account"
  std::string_view argument;  // "NAME"; empty: a switch
  std::string_view action;    // the only action it belongs to; empty: all
  std::string Options::*value = nullptr;
  std::string_view help;
};
std::span<const OptionRow> allOptions();

// What to do: an action, or to print something about the program.
struct Command {
  const ActionRow* action = nullptr;
  std::string print;  // without an action
  Options options;
};

struct UsageError {
  ExitCode code = ExitCode::WrongUse;
  std::string text;  // for the operator, without the program's name
};

base::Result<Command, UsageError> parseCommandLine(std::span<const char* const> arguments, std::string_view version);

}  // namespace rha::registryctl
