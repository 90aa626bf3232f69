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
  std::string_view actions;   // those it belongs to, between blanks; empty: all
  // Where it goes: one of these, or, of --json, none.
  std::string Options::*value = nullptr;
  std::vector<std::string> Options::*list = nullptr;  // may be given several times
  bool Options::*flag = nullptr;
  std::string_view help;
};
std::span<const OptionRow> allOptions();
// "fsck and adopt".
std::string ownersText(const OptionRow& row);

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
