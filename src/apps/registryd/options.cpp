#include "apps/registryd/options.h"

#include <array>
#include <vector>

#include "base/help_row.h"
#include "base/text.h"

namespace rha::registryd {
namespace {

constexpr std::array kOptions = {
    OptionRow{"--config", "FILE", Task::Serve,
              "read the settings from FILE; without it, from /etc/docker-registry-ha/registryd.yaml if that exists"},
    OptionRow{"--check-config", "[FILE]", Task::CheckConfig,
              "report every error in the settings as FILE:LINE: text, exit 1 if there is any, and do nothing else"},
    OptionRow{"--dump-config", "", Task::DumpConfig,
              "print all settings, those of the file and the defaults, as a settings file"},
    OptionRow{"--rebuild-index", "", Task::RebuildIndex,
              "make the index anew from what lies in the storage, then exit; not while the registry runs"},
    OptionRow{
        "--hand-over", "", Task::HandOver,
        "let the registryd that runs start the program that is installed now, and leave all new connections to it, "
        "while it finishes the transfers it has; exit 1 if it goes on alone, 3 if it is too old to know how, 4 if none "
        "runs, 5 if the settings have changed in something that takes a restart"},
    OptionRow{"--man-page", "", Task::ManPage, "print the manual as roff"},
    OptionRow{"--help", "", Task::Help, "print this list"},
    OptionRow{"--version", "", Task::Version, "print the version"},
};

constexpr std::size_t kHelpColumn = 26;

const OptionRow* findOption(std::string_view name) {
  for (const OptionRow& row : kOptions) {
    if (row.name == name) {
      return &row;
    }
  }
  return nullptr;
}

std::string unknownOption(std::string_view name) {
  std::vector<std::string_view> names;
  names.reserve(kOptions.size());
  for (const OptionRow& row : kOptions) {
    names.push_back(row.name);
  }
  const std::string_view meant = base::nearest(name, names);
  return "unknown option \"" + std::string(name) + "\"" +
         (meant.empty() ? "" : " (did you mean " + std::string(meant) + "?)");
}

// Reads the words of a command line one after the other.
class OptionReader final {
 public:
  explicit OptionReader(std::span<const char* const> words) : words_(words) {}

  base::Result<Options, std::string> read() {
    while (at_ < words_.size()) {
      if (const std::string fault = readOne(words_[at_++]); !fault.empty()) {
        return base::fail(fault);
      }
    }
    return options_;
  }

 private:
  std::string readOne(std::string_view word) {
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const OptionRow* row = findOption(name);
    if (row == nullptr) {
      return word.starts_with("-") ? unknownOption(name) : "unexpected argument \"" + std::string(word) + "\"";
    }
    if (row->task != Task::Serve) {
      if (options_.task != Task::Serve && options_.task != row->task) {
        return std::string(name) + " does not go together with the options before it";
      }
      options_.task = row->task;
    }
    if (equals != std::string_view::npos) {
      return row->argument.empty() ? std::string(name) + " takes no argument" : takeFile(word.substr(equals + 1));
    }
    if (row->argument.empty()) {
      return "";
    }
    const bool follows = at_ < words_.size() && !std::string_view(words_[at_]).starts_with("-");
    if (follows) {
      return takeFile(words_[at_++]);
    }
    return row->argument.starts_with("[") ? "" : std::string(name) + " needs a file name";
  }

  std::string takeFile(std::string_view file) {
    if (file.empty()) {
      return "the name of the settings file is empty";
    }
    if (options_.config) {
      return "more than one settings file is named";
    }
    options_.config = file;
    return "";
  }

  std::span<const char* const> words_;
  std::size_t at_ = 0;
  Options options_;
};

}  // namespace

std::span<const OptionRow> allOptions() { return kOptions; }

base::Result<Options, std::string> parseOptions(std::span<const char* const> arguments) {
  return OptionReader(arguments).read();
}

std::string helpText() {
  std::string text =
      "registryd - container image registry (OCI distribution)\n"
      "\n"
      "Usage: registryd [OPTION]...\n"
      "\n";
  for (const OptionRow& row : kOptions) {
    const std::string head = std::string(row.name) + (row.argument.empty() ? "" : " " + std::string(row.argument));
    text += base::helpRow(head, row.help, kHelpColumn);
  }
  return text + "\nThe manual, with all settings: man registryd, or registryd --man-page | man -l -\n";
}

}  // namespace rha::registryd
