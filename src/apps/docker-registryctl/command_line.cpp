#include "apps/docker-registryctl/command_line.h"

#include <algorithm>
#include <array>
#include <optional>

#include "apps/docker-registryctl/adopt.h"
#include "apps/docker-registryctl/fsck.h"
#include "apps/docker-registryctl/usage_text.h"
#include "base/text.h"

namespace rha::registryctl {
namespace {

constexpr std::array kActions = {
    ActionRow{
        "status", "", "state of the running registryd",
        "State of the running registryd: version, storage, index, certificates, and what is in force of the settings "
        "(by their hash) and of the access rules, with their generation, hash and age.",
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
    ActionRow{
        "fsck", "", "check that all that is stored fits together; --repair mends",
        "Check the storage through the running registryd, which goes on serving: links, manifests and what they refer "
        "to, tags, blobs and their parts, uploads, and on Swift segments that no blob names. Each finding was looked "
        "at twice. It is damage (something cannot be "
        "pulled, or not be trusted), waste (it only takes space) or a note. Changes nothing without --repair, and "
        "deletes nothing without --delete. One check at a time; Ctrl-C stops it, and --resume goes on with it, also "
        "after a restart of registryd. With --json one object a line, the last one being the summary. Exit status: 0 "
        "no damage is left, 1 the check could not be run to its end, 2 damage is left.",
        fsck},
    ActionRow{
        "adopt", "[translate FILE]", "before a storage is taken over: check it, or translate the old configuration",
        "With registryd on the storage of a docker-registry in read-only mode: checks as fsck does, waits for the "
        "index, "
        "and tells what is there and whether it is safe to switch. Exit status as of fsck. adopt translate FILE makes "
        "a "
        "registryd.yaml and an access.yaml from docker-registry's config.yml, with a note on each setting that has no "
        "equivalent. It prints them without secrets; with --to FOLDER it writes them, and each secret into a file of "
        "mode 0600.",
        adopt},
};

constexpr OptionRow text(std::string_view name, std::string_view argument, std::string_view actions,
                         std::string Options::*value, std::string_view help) {
  return {.name = name, .argument = argument, .actions = actions, .value = value, .help = help};
}
constexpr OptionRow flag(std::string_view name, std::string_view actions, bool Options::*value, std::string_view help) {
  return {.name = name, .argument = "", .actions = actions, .flag = value, .help = help};
}

constexpr std::array kOptions = {
    text("--account", "NAME", "explain", &Options::account, "As this account. Without it: anonymous."),
    text("--from", "ADDRESS", "explain", &Options::from, "From this client address."),
    text("--mount-from", "REPOSITORY", "explain", &Options::mountFrom,
         "With push: with a mount of a blob from this repository."),
    text("--file", "FILE", "explain", &Options::file, "By this access.yaml instead of the rules in force."),
    flag("--repair", "fsck", &Options::repair,
         "Write again what follows from the rest of the storage. Deletes nothing."),
    flag(
        "--delete", "fsck", &Options::deleteToo,
        "With --repair: also delete what points at nothing, bytes that are not those of their digest, so that the next "
        "push heals the image, and segments that no blob names, which are read first. Never a sound blob."),
    flag("--read-all", "fsck adopt", &Options::readAll,
         "Read every blob and compare its digest. Without it blobs are asked for their size; manifests are always "
         "read."),
    OptionRow{.name = "--repository",
              .argument = "NAME",
              .actions = "fsck",
              .list = &Options::repositories,
              .help = "Only this repository; may be given several times."},
    text("--rate", "MIB", "fsck adopt", &Options::rate, "Read at most so many MiB a second (64)."),
    flag("--resume", "fsck adopt", &Options::resume,
         "Go on with a check that was stopped, with the options that it had."),
    text("--to", "FOLDER", "adopt", &Options::to, "With translate: write the files into this folder."),
    flag("--status", "fsck", &Options::statusOnly, "Only tell how far the check is, and what it has found."),
    flag("--cancel", "fsck", &Options::cancel, "Only stop the check that runs; --resume goes on with it."),
    text("--socket", "PATH", "", &Options::socket,
         "The control socket of registryd (/run/docker-registry-ha/control.sock)."),
    OptionRow{.name = "--json", .argument = "", .actions = "", .help = "Print JSON."},
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
  names.reserve(rows.size());
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
    if (row->argument.empty()) {
      if (row->flag != nullptr) {
        command_.options.*row->flag = true;
      } else {
        command_.options.format = Format::Json;
      }
      return equals == std::string_view::npos || fail(std::string(row->name) + " takes no argument");
    }
    if (equals == std::string_view::npos && next == end) {
      return fail(std::string(row->name) + " needs an argument: " + std::string(row->argument));
    }
    taken = equals == std::string_view::npos ? 2 : 1;
    std::string value = equals == std::string_view::npos ? *next : std::string(word.substr(equals + 1));
    if (row->list != nullptr) {
      (command_.options.*row->list).push_back(std::move(value));
    } else {
      command_.options.*row->value = std::move(value);
    }
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
      const auto owners = base::split(row->actions, ' ');
      if (!row->actions.empty() && std::find(owners.begin(), owners.end(), command_.action->name) == owners.end()) {
        return base::fail(UsageError{ExitCode::WrongUse, std::string(row->name) + " belongs to " + ownersText(*row) +
                                                             ", not to " + std::string(command_.action->name)});
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

std::string ownersText(const OptionRow& row) {
  std::string text;
  for (const auto owner : base::split(row.actions, ' ')) {
    text += (text.empty() ? "" : " and ") + std::string(owner);
  }
  return text;
}

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
