#include "apps/registry-homepage-builder/options.h"

#include <array>

#include "base/text.h"

namespace rha::homepage {
namespace {

constexpr std::uint64_t kMostRequests = 64;

using Problem = std::optional<std::string>;

struct Row {
  std::string_view name;
  std::string_view argument;  // empty: none
  std::string_view help;
  Problem (*apply)(Options&, const std::string& value);
};

Problem setRequests(Options& options, const std::string& value) {
  const auto number = base::parseUnsigned(value);
  if (!number || *number < 1 || *number > kMostRequests) {
    return "--requests must be between 1 and 64, not \"" + value + "\"";
  }
  options.requests = static_cast<unsigned>(*number);
  return std::nullopt;
}

template <auto Member>
Problem set(Options& options, const std::string& value) {
  options.*Member = value;
  return std::nullopt;
}

template <Task Value>
Problem choose(Options& options, const std::string&) {
  options.task = Value;
  return std::nullopt;
}

constexpr std::array<Row, 9> kRows{{
    {"--config", "FILE", "registryd's settings (/etc/docker-registry-ha/registryd.yaml)", set<&Options::config>},
    {"--name", "NAME", "name that clients pull by; HOST or HOST:PORT", set<&Options::name>},
    {"--css", "FILE", "style sheet in place of the built-in one", set<&Options::css>},
    {"--requests", "N", "requests at once to each registry (8)", setRequests},
    {"--replace", "", "replace PATH though another program wrote what is there",
     [](Options& options, const std::string&) -> Problem {
       options.takeover = Takeover::Any;
       return std::nullopt;
     }},
    {"--debug", "", "say what is done",
     [](Options& options, const std::string&) -> Problem {
       options.debug = true;
       return std::nullopt;
     }},
    {"--man-page", "", "print the manual as roff", choose<Task::ManPage>},
    {"--help", "", "print this list", choose<Task::Help>},
    {"--version", "", "print the version", choose<Task::Version>},
}};

const Row* rowOf(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) {
      return &row;
    }
  }
  return nullptr;
}

std::string unknown(std::string_view name) {
  std::vector<std::string_view> names;
  names.reserve(kRows.size());
  for (const Row& row : kRows) {
    names.push_back(row.name);
  }
  const auto near = base::nearest(name, names);
  return "unknown option \"" + std::string(name) + "\"" +
         (near.empty() ? "" : "; did you mean " + std::string(near) + "?");
}

// "--name=VALUE" or "--name VALUE".
Problem takeOption(std::span<const char* const> arguments, std::size_t& place, Options& options) {
  const std::string argument = arguments[place];
  const auto equals = argument.find('=');
  const std::string name = argument.substr(0, equals);
  const Row* row = rowOf(name);
  if (row == nullptr) {
    return unknown(name);
  }
  if (row->argument.empty()) {
    return equals == std::string::npos ? row->apply(options, {}) : name + " takes no value";
  }
  if (equals != std::string::npos) {
    return row->apply(options, argument.substr(equals + 1));
  }
  if (place + 1 == arguments.size()) {
    return name + " needs " + std::string(row->argument);
  }
  return row->apply(options, arguments[++place]);
}

constexpr std::string_view kManBegin = R"(.TH REGISTRY\-HOMEPAGE\-BUILDER 8
.SH NAME
registry\-homepage\-builder \- write the static homepage of a container registry
.SH SYNOPSIS
.B registry\-homepage\-builder
[\fIOPTION\fR...] [\fIPATH\fR]
.br
.B registry\-homepage\-builder
[\fIOPTION\fR...] \fIREGISTRY\fR... \fIPATH\fR
.SH DESCRIPTION
Writes a site that lists images and their tags: an index with a search, a page for each image at
\fIIMAGE\fB/tags/\fR with its tags in Debian version order, digests, sizes, platforms, times, labels, signatures and
SBOMs, JSON beside each page (\fBindex.json\fR), \fBcatalog.json\fR, \fBstatus.json\fR and a feed of recent pushes
(\fBfeed.atom\fR). Only what everybody may pull is listed.
.PP
Without \fIREGISTRY\fR the site is of the registry of this host, read from its index and its images as
.BR registryd (8)
is configured (with an object store, the images' configs are asked of the registry by \fBhomepage.registry_name\fR); it shows what the access rules in force and those in the file both let an anonymous client pull. The
package's timer, docker\-registry\-ha\-homepage.timer, does this every hour.
.PP
With \fIREGISTRY\fR (\fIHOST\fR[:\fIPORT\fR], or a URL with http or https; https unless it is said otherwise or the host
is this one) the images are read over HTTP, with the credentials that
.B ~/.docker/config.json
has for it only to reach the catalogue: what an anonymous client may not pull is not listed. Of several registries with
an image of the same name the first one counts.
.PP
The site is built beside \fIPATH\fR, as \fB.\fINAME\fB.building\fR in the same folder, and takes its place whole. Pages of
images that are gone go with the old site; a file that did not change keeps its time. An image that cannot be read keeps
the page it had, is reported, and does not stop the others.
.PP
A part of an image's name that is also the name of a file of the site, or \fBv2\fR, gets an underscore before it in the
address of its page: \fB/_v2/x/tags/\fR.
.SH OPTIONS
)";

constexpr std::string_view kManEnd = R"(.SH EXIT STATUS
0: the site is in place. 1: nothing was changed. 2: wrong use of the command line. 3: the site is in place, but images
could not be read; each is on standard error.
.SH SEE ALSO
.BR registryd (8),
.BR docker\-registryctl (1)
)";

std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c == '-' ? "\\-" : std::string(1, c);
  }
  return out;
}

}  // namespace

base::Result<Options, std::string> parseOptions(std::span<const char* const> arguments) {
  Options options;
  std::vector<std::string> names;
  for (std::size_t place = 0; place < arguments.size(); ++place) {
    const std::string_view argument = arguments[place];
    if (!argument.starts_with("-") || argument.size() == 1) {
      names.emplace_back(argument);
    } else if (auto problem = takeOption(arguments, place, options)) {
      return base::fail(std::move(*problem));
    }
  }
  if (!names.empty()) {
    options.path = names.back();
    names.pop_back();
  }
  if (options.path && options.path->empty()) {
    return base::fail(std::string("PATH is empty"));
  }
  options.registries = std::move(names);
  return options;
}

std::string helpText() {
  std::string text =
      "registry-homepage-builder - write the static homepage of a container registry\n\n"
      "Usage: registry-homepage-builder [OPTION...] [PATH]              the registry of this host\n"
      "       registry-homepage-builder [OPTION...] REGISTRY... PATH    any registries, over HTTP\n\n";
  for (const Row& row : kRows) {
    std::string left = "  " + std::string(row.name) + (row.argument.empty() ? "" : " ") + std::string(row.argument);
    left.resize(std::max<std::size_t>(left.size() + 2, 18), ' ');
    text += left + std::string(row.help) + '\n';
  }
  return text;
}

std::string manPage() {
  std::string text(kManBegin);
  for (const Row& row : kRows) {
    text += ".TP\n.B " + roff(row.name) + (row.argument.empty() ? "" : " \\fI" + std::string(row.argument) + "\\fR") +
            '\n' + roff(row.help) + '\n';
  }
  return text + std::string(kManEnd);
}

}  // namespace rha::homepage
