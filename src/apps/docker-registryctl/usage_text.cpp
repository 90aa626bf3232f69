#include "apps/docker-registryctl/usage_text.h"

#include "apps/docker-registryctl/command_line.h"
#include "base/help_row.h"

namespace rha::registryctl {
namespace {

constexpr std::size_t kHelpColumn = 28;

std::string signature(std::string_view name, std::string_view arguments) {
  return std::string(name) + (arguments.empty() ? "" : " " + std::string(arguments));
}

// For roff: hyphens of options as such, and no line that begins with a dot or a quote.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c == '-' ? "\\-" : c == '\\' ? "\\\\" : std::string(1, c);
  }
  return out;
}

constexpr std::string_view kExitStatus =
    "0: done. 1: wrong use of the command line, or the file has errors. 2: registryd cannot be reached, or refused. "
    "3: unknown action. Of fsck and adopt: 0: no damage is left. 1: it did not come to its end. 2: damage is left.";

// $1 of the functions that bash calls is the command, $2 the word to be completed, $3 the one before it.
constexpr std::string_view kCompletionEnd = R"(
  case $3 in
    --file | --socket | --to | check-access | translate)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$2")
      return
      ;;
    --account | --from | --mount-from | --repository | --rate)
      COMPREPLY=()
      return
      ;;
    adopt)
      words="translate"
      ;;
    explain)
      words="ping catalog pull push delete"
      ;;
  esac
  if [[ $2 == -* ]]; then
    words=$options
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$2")
}
complete -F _docker_registryctl docker-registryctl
)";

}  // namespace

std::string helpText() {
  std::string text =
      "docker-registryctl - see and steer a docker-registry-ha\n\nUsage: docker-registryctl [OPTION]... ACTION\n\n";
  for (const ActionRow& row : allActions()) {
    text += base::helpRow(signature(row.name, row.arguments), row.summary, kHelpColumn);
  }
  text += '\n';
  for (const OptionRow& row : allOptions()) {
    const std::string owners = row.actions.empty() ? "" : "for " + ownersText(row) + ": ";
    text += base::helpRow(signature(row.name, row.argument), owners + std::string(row.help), kHelpColumn);
  }
  text += base::helpRow("--help, --version", "Print this list, or the version.", kHelpColumn);
  text += base::helpRow("--man-page", "Print the manual as roff.", kHelpColumn);
  text += base::helpRow("--bash-completion", "Print the completion for bash.", kHelpColumn);
  return text + '\n' + base::helpParagraph("Exit status: " + std::string(kExitStatus)) +
         "\nThe manual: man docker-registryctl, or docker-registryctl --man-page | man -l -\n";
}

std::string manPage(std::string_view version) {
  std::string page = ".TH DOCKER\\-REGISTRYCTL 1 \"\" \"docker\\-registry\\-ha " + escaped(version) + "\"\n";
  page +=
      ".SH NAME\ndocker\\-registryctl \\- see and steer a docker\\-registry\\-ha\n.SH SYNOPSIS\n.B "
      "docker\\-registryctl\n[\\fIOPTION\\fR]... \\fIACTION\\fR\n.SH ACTIONS\n";
  for (const ActionRow& row : allActions()) {
    page += ".TP\n\\fB" + escaped(row.name) + "\\fR" +
            (row.arguments.empty() ? "" : " \\fI" + escaped(row.arguments) + "\\fR") + '\n' + escaped(row.help) + '\n';
  }
  page += ".SH OPTIONS\n";
  for (const OptionRow& row : allOptions()) {
    page += ".TP\n\\fB" + escaped(row.name) + "\\fR" +
            (row.argument.empty() ? "" : " \\fI" + escaped(row.argument) + "\\fR") + '\n' +
            (row.actions.empty() ? "" : "For " + escaped(ownersText(row)) + ". ") + escaped(row.help) + '\n';
  }
  page += ".SH EXIT STATUS\n" + escaped(kExitStatus) + "\n.SH EXAMPLES\n.nf\n";
  page += escaped(
      "docker-registryctl explain --account ci-build --from 10.64.0.2 push some/image\n"
      "docker-registryctl explain --file new.yaml --account kubernetes pull restricted/image\n"
      "docker-registryctl check-access /etc/docker-registry-ha/access.yaml\n"
      "docker-registryctl fsck --read-all --json >findings.jsonl\n"
      "docker-registryctl fsck --repair --delete --repository some/image\n");
  page += ".fi\n.SH SEE ALSO\n.BR registryd (8),\n.BR registry\\-acl\\-reloader (8)\n";
  return page;
}

std::string bashCompletion() {
  std::string text = "# Completion of docker-registryctl for bash; made by docker-registryctl --bash-completion.\n";
  text += "_docker_registryctl() {\n  local words=\"";
  for (const ActionRow& row : allActions()) {
    text += std::string(row.name) + (row.name == allActions().back().name ? "" : " ");
  }
  text += "\"\n  local options=\"";
  for (const OptionRow& row : allOptions()) {
    text += std::string(row.name) + ' ';
  }
  return text + "--help --version\"" + std::string(kCompletionEnd);
}

}  // namespace rha::registryctl
