// registry-acl-reloader: hands access.yaml to the running registryd, says what changed, and exits with 0; or says every
// fault of the file and exits with 1, and what was in force stays in force.
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "apps/registry-acl-reloader/reloader.h"

namespace {

using rha::reloader::ExitCode;
using rha::reloader::Job;

constexpr const char* kHelp =
    "registry-acl-reloader - apply a changed access.yaml to the running registryd\n"
    "\n"
    "Usage: registry-acl-reloader [--file FILE] [--socket PATH]\n"
    "\n"
    "  --file FILE    the accounts, rules and hosts (default: access.file of the running registryd)\n"
    "  --socket PATH  registryd's control socket (/run/docker-registry-ha/control.sock)\n"
    "  --man-page     print the manual as roff\n"
    "  --help         print this list\n"
    "  --version      print the version\n";

constexpr const char* kManual = R"(.TH REGISTRY\-ACL\-RELOADER 8
.SH NAME
registry\-acl\-reloader \- apply a changed access.yaml to the running registryd
.SH SYNOPSIS
.B registry\-acl\-reloader
[\fB\-\-file\fR \fIFILE\fR] [\fB\-\-socket\fR \fIPATH\fR]
.SH DESCRIPTION
Checks the accounts, rules, uploading hosts and mode in \fIFILE\fR as a whole and hands them to
.BR registryd (8)
over its control socket. Prints what changed. It repeats until what the daemon applied is what the file says, so that a
change made meanwhile is not lost. A registryd that is being started or restarted is waited for, up to 20 seconds. If the
file has errors, each is printed with its line, and the rules that were in force stay in force.
.PP
.B docker\-registry\-ha\-reload.path
starts it whenever /etc/docker\-registry\-ha/access.yaml was changed;
.B systemctl reload docker\-registry\-ha
does the same by hand.
.SH OPTIONS
.TP
.BI \-\-file " FILE"
The file. By default the one that registryd was started with (access.file).
.TP
.BI \-\-socket " PATH"
The control socket (/run/docker\-registry\-ha/control.sock).
.SH EXIT STATUS
0: the file is in force, or registryd was started without one. 1: the file has errors. 2: wrong use of the command line. 3: registryd cannot be reached or
refused the file.
.SH SEE ALSO
.BR registryd (8),
.BR docker\-registryctl (1)
)";

int fail(const std::string& text) {
  std::fprintf(stderr, "registry-acl-reloader: %s\nTry: registry-acl-reloader --help\n", text.c_str());
  return static_cast<int>(ExitCode::WrongUse);
}

// The exit code of the options that only print.
std::optional<int> printed(std::string_view option) {
  if (option == "--help") {
    std::fputs(kHelp, stdout);
  } else if (option == "--man-page") {
    std::fputs(kManual, stdout);
  } else if (option == "--version") {
    std::puts("registry-acl-reloader " RHA_VERSION);
  } else {
    return std::nullopt;
  }
  return 0;
}

int run(const Job& job) {
  const auto outcome = rha::reloader::reload(job);
  std::fputs(outcome.out.c_str(), stdout);
  std::fputs(outcome.error.c_str(), stderr);
  return static_cast<int>(outcome.code);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Job job;
    for (int i = 1; i < argc; ++i) {
      const std::string_view option = argv[i];
      if (const auto code = printed(option)) {
        return *code;
      }
      if (option != "--file" && option != "--socket") {
        return fail("unknown option \"" + std::string(option) + "\"");
      }
      if (++i == argc) {
        return fail(std::string(option) + " needs a name");
      }
      if (option == "--file") {
        job.file = argv[i];
      } else {
        job.socket = argv[i];
      }
    }
    return run(job);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "registry-acl-reloader: %s\n", error.what());
    return static_cast<int>(ExitCode::Unreachable);
  }
}
