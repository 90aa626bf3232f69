#include "apps/docker-registryctl/command_line.h"

#include <algorithm>
#include <array>
#include <optional>

#include "apps/docker-registryctl/usage_text.h"
#include "base/text.h"

namespace rha::registryctl {
namespace {

constexpr std::array kActions = {
    ActionRow{"status", "", "state of the running registryd",
              "State of the running registryd: version, storage, index, certificates, and the access rules in "
              "force with their generation, hash and age.",
              status},
    ActionRow{"reload", "", "have registryd read access.file and the certificates anew",
              "Have registryd read access.file and the certificates anew, without a restart. What has errors changes "
              "nothing, and each error is printed.",
              reload},
    ActionRow{
        "explain", "ACTION [REPOSITORY]", "what is decided about a request, and by which rule",
        "What is decided about ping, catalog, pull, push or delete, and by which rule; by the rules in force, or by "
        "those of --file. Without --account it is an anonymous client that asks. Passwords are not asked for. The "
        "exit status does not depend on the verdict.",
        explain},
    ActionRow{
        "check-access", "FILE", "errors of an access.yaml, and what in it is probably not meant",
        "Every error of an access.yaml with its line. Without errors, notes on what is probably not meant: rights "
        "that can never be used, accounts without rights, addresses listed twice, networks that overlap, limits "
        "that never apply.",
        checkAccess},
};

constexpr std::array kOptions = {
    OptionRow{"--account", "NAME", "explain", &Options::account, "As this account. Without it: anonymous."},
    OptionRow{"--from", "ADDRESS", "explain", &Options::from, "From this client address."},
    OptionRow{"--mount-from", "REPOSITORY", "explain", &Options::mountFrom,
              "With push: with a mount of a blob from this repository."},
    OptionRow{"--file", "FILE", "explain", &Options::file, "By this access.yaml instead of the rules in force."},
    OptionRow{"--socket", "PATH", "", &Options::socket,
              "The control socket of registryd (/run/docker-registry-ha/control.sock)."},
    OptionRow{"--json", "", "", nullptr, "Print JSON."},
};

// Options that only print, and what.
struct PrintRow {
  std::string_view name;
  std::string (*text)(std::string_view version);
};
constexpr std::array kPrints = {
    PrintRow{"--help", [](std::string_view) { return helpText(); }},
    PrintRow{"--version", [](std::string_view version) { return "docker-registryctl " + std::string(version) + "\n"; }},
    PrintRow{"--man-page", manPage},
    PrintRow{"--bash-completion", [](std::string_view) { return bashCompletion(); }},
};

template <typename Rows>
const typename Rows::value_type* findRow(const Rows& rows, std::string_view name) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.name == name; });
  return found != rows.end() ? &*found : nullptr;
}

template <typename Rows>
std::string didYouMean(const Rows& rows, std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& row : rows) {
    names.push_back(row.name);
  }
  const std::string_view meant = base::nearest(name, names);
  return meant.empty() ? "" : " (did you mean " + std::string(meant) + "?)";
}

std::string quoted(std::string_view word) { return '"' + std::string(word) + '"'; }

class Parser final {
 public:
  // The word is an option, or the next of the other words. False: fault() says why it cannot be.
  bool take(std::string_view word, const char* const* next, const char* const* end, int& taken) {
    taken = 1;
    if (onlyWords_ || word.size() < 2 || word[0] != '-') {
      command_.options.words.emplace_back(word);
      return true;
    }
    if (word == "--") {
      onlyWords_ = true;
      return true;
    }
    const std::size_t equals = word.find('=');
    const OptionRow* row = findRow(kOptions, word.substr(0, equals));
    if (row == nullptr) {
      return fail("unknown option " + quoted(word) + didYouMean(kOptions, word.substr(0, equals)));
    }
    used_.push_back(row);
    if (row->value == nullptr) {
      command_.options.format = Format::Json;
      return equals == std::string_view::npos || fail(std::string(row->name) + " takes no argument");
    }
    if (equals == std::string_view::npos && next == end) {
      return fail(std::string(row->name) + " needs an argument: " + std::string(row->argument));
    }
    taken = equals == std::string_view::npos ? 2 : 1;
    command_.options.*row->value = equals == std::string_view::npos ? *next : std::string(word.substr(equals + 1));
    return true;
  }

  base::Result<Command, UsageError> finish() {
    auto& words = command_.options.words;
    if (words.empty()) {
      return base::fail(UsageError{ExitCode::UnknownAction, "no action is named"});
    }
    command_.action = findRow(kActions, words.front());
    if (command_.action == nullptr) {
      return base::fail(UsageError{ExitCode::UnknownAction,
                                   "unknown action " + quoted(words.front()) + didYouMean(kActions, words.front())});
    }
    words.erase(words.begin());
    for (const OptionRow* row : used_) {
      if (!row->action.empty() && row->action != command_.action->name) {
        return base::fail(UsageError{ExitCode::WrongUse, std::string(row->name) + " belongs to " +
                                                             std::string(row->action) + ", not to " +
                                                             std::string(command_.action->name)});
      }
    }
    return std::move(command_);
  }

  [[nodiscard]] const UsageError& fault() const { return fault_; }

 private:
  bool fail(std::string text) {
    fault_.text = std::move(text);
    return false;
  }

  Command command_;
  std::vector<const OptionRow*> used_;
  bool onlyWords_ = false;
  UsageError fault_;
};

}  // namespace

std::span<const ActionRow> allActions() { return kActions; }
std::span<const OptionRow> allOptions() { return kOptions; }

base::Result<Command, UsageError> parseCommandLine(std::span<const char* const> arguments, std::string_view version) {
  for (const std::string_view word : arguments) {
    if (word == "--") {
      break;
    }
    if (const PrintRow* row = findRow(kPrints, word)) {
      Command command;
      command.print = row->text(version);
      return command;
    }
  }
  Parser parser;
  const char* const* const end = arguments.data() + arguments.size();
  int taken = 0;
  for (const char* const* at = arguments.data(); at != end; at += taken) {
    if (!parser.take(*at, at + 1, end, taken)) {
      return base::fail(parser.fault());
    }
  }
  return parser.finish();
}

}  // namespace rha::registryctl
