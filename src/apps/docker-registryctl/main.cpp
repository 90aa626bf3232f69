// docker-registryctl: the operator's command. Reads its command line, does one action, prints the outcome.
#include <array>
#include <cstdio>
#include <exception>
#include <string_view>

#include "apps/docker-registryctl/actions.h"

namespace {

using rha::registryctl::ExitCode;
using rha::registryctl::Format;
using rha::registryctl::Options;
using rha::registryctl::Outcome;

struct ActionRow {
  std::string_view name;
  Outcome (*run)(const Options&);
};
constexpr std::array kActions = {
    ActionRow{"status", rha::registryctl::status},
    ActionRow{"explain", rha::registryctl::explain},
    ActionRow{"check-access", rha::registryctl::checkAccess},
};

struct OptionRow {
  std::string_view name;
  std::string Options::*value;
};
constexpr std::array kOptions = {
    OptionRow{"--socket", &Options::socket},        OptionRow{"--file", &Options::file},
    OptionRow{"--account", &Options::account},      OptionRow{"--from", &Options::from},
    OptionRow{"--mount-from", &Options::mountFrom},
};

constexpr const char* kHelp =
    "docker-registryctl - see and steer a docker-registry-ha\n"
    "\n"
    "Usage: docker-registryctl [OPTION]... ACTION\n"
    "\n"
    "  status                  state of the running registryd\n"
    "  explain ACTION [REPO]   what is decided about ping, catalog, pull, push or delete, and by which rule\n"
    "  check-access FILE       errors of an access.yaml, and what in it is probably not meant\n"
    "\n"
    "  --account NAME          explain: as this account (without it: anonymous)\n"
    "  --from ADDRESS          explain: from this client address\n"
    "  --mount-from REPO       explain push: with a mount from this repository\n"
    "  --file FILE             explain: by this access.yaml instead of the rules in force\n"
    "  --socket PATH           registryd's control socket (/run/docker-registry-ha/control.sock)\n"
    "  --json                  print JSON\n"
    "  --man-page              print the manual as roff\n"
    "  --help, --version\n";

constexpr const char* kManual = R"(.TH DOCKER\-REGISTRYCTL 1
.SH NAME
docker\-registryctl \- see and steer a docker\-registry\-ha
.SH SYNOPSIS
.B docker\-registryctl
[\fIOPTION\fR]... \fIACTION\fR
.SH ACTIONS
.TP
.B status
State of the running
.BR registryd (8):
version, storage, index, and the access rules in force with their generation, hash and age.
.TP
\fBexplain\fR [\fB\-\-account\fR \fINAME\fR] [\fB\-\-from\fR \fIADDRESS\fR] [\fB\-\-mount\-from\fR \fIREPO\fR] \fIACTION\fR [\fIREPO\fR]
What is decided about ping, catalog, pull, push or delete, and by which rule; by the rules in force, or by those of
\fB\-\-file\fR \fIFILE\fR. Passwords are not asked for.
.TP
\fBcheck\-access\fR \fIFILE\fR
Every error of an access.yaml with its line; without errors, what in it is probably not meant.
.SH OPTIONS
.TP
.BI \-\-socket " PATH"
The control socket (/run/docker\-registry\-ha/control.sock).
.TP
.B \-\-json
Print JSON.
.SH EXIT STATUS
0: done. 1: wrong use, or the file has errors. 2: the registry cannot be reached or refused. 3: unknown action.
.SH SEE ALSO
.BR registryd (8),
.BR registry\-acl\-reloader (8)
)";

int finish(const Outcome& outcome) {
  std::fputs(outcome.out.c_str(), stdout);
  std::fputs(outcome.error.c_str(), stderr);
  return static_cast<int>(outcome.code);
}

int fail(ExitCode code, const std::string& text) {
  std::fprintf(stderr, "docker-registryctl: %s\nTry: docker-registryctl --help\n", text.c_str());
  return static_cast<int>(code);
}

int print(const char* text) {
  std::fputs(text, stdout);
  return 0;
}

int perform(Options options) {
  if (options.words.empty()) {
    return fail(ExitCode::UnknownAction, "no action is named");
  }
  const std::string action = options.words.front();
  options.words.erase(options.words.begin());
  for (const ActionRow& row : kActions) {
    if (row.name == action) {
      return finish(row.run(options));
    }
  }
  return fail(ExitCode::UnknownAction, "unknown action \"" + action + "\"");
}

int run(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--help" || word == "--man-page" || word == "--version") {
      return print(word == "--help" ? kHelp : word == "--man-page" ? kManual : "docker-registryctl " RHA_VERSION "\n");
    }
    if (word == "--json") {
      options.format = Format::Json;
      continue;
    }
    if (!word.starts_with("-")) {
      options.words.emplace_back(word);
      continue;
    }
    const OptionRow* found = nullptr;
    for (const OptionRow& row : kOptions) {
      found = row.name == word ? &row : found;
    }
    if (found == nullptr || i + 1 == argc) {
      return fail(ExitCode::Unexpected, found == nullptr ? "unknown option \"" + std::string(word) + "\""
                                                         : std::string(word) + " needs an argument");
    }
    options.*found->value = argv[++i];
  }
  return perform(std::move(options));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "docker-registryctl: %s\n", error.what());
    return static_cast<int>(ExitCode::Unexpected);
  }
}
