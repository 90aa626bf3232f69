#include "apps/docker-registryctl/actions.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "access/access_file.h"
#include "access/access_findings.h"
#include "access/rule_policy.h"
#include "base/error.h"
#include "base/files.h"
#include "control/control_socket.h"

namespace rha::registryctl {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kDeadline{30};
constexpr std::size_t kColumn = 28;

// "access.generation         3", one line for each value.
void appendTable(const json& object, const std::string& prefix, std::string& out) {
  for (const auto& [key, value] : object.items()) {
    const std::string name = prefix.empty() ? key : prefix + '.' + key;
    if (value.is_object()) {
      appendTable(value, name, out);
    } else {
      std::string line = name;
      line.resize(std::max(line.size() + 1, kColumn), ' ');
      out += line + (value.is_string() ? value.get<std::string>() : value.dump()) + '\n';
    }
  }
}

Outcome shown(const json& object, Format format) {
  Outcome outcome;
  if (format == Format::Json) {
    outcome.out = object.dump(2) + '\n';
  } else {
    appendTable(object, "", outcome.out);
  }
  return outcome;
}

Outcome ask(const Options& options, const json& request) {
  const auto answer = control::callControl(options.socket, request.dump(), kDeadline);
  if (!answer) {
    return {ExitCode::RegistryError, "", answer.error() + '\n'};
  }
  return shown(json::parse(*answer), options.format);
}

Outcome wrongUse(const std::string& text) { return {ExitCode::Unexpected, "", text + '\n'}; }

base::Result<access::AccessDocument, std::string> readDocument(const std::string& file) {
  std::optional<std::string> text;
  try {
    text = base::readFile(file, access::kLargestAccessFile);
  } catch (const base::IoError& error) {
    return base::fail(std::string(error.what()) + '\n');
  } catch (const std::length_error&) {
    return base::fail(file + ": is larger than 4 MiB; this cannot be an access file\n");
  }
  if (!text) {
    return base::fail(file + ": there is no such file\n");
  }
  auto document = access::parseAccess(*text);
  if (document) {
    return *std::move(document);
  }
  std::string faults;
  for (const config::SettingError& error : document.error()) {
    faults += config::toText(file, error) + '\n';
  }
  return base::fail(std::move(faults));
}

Outcome explainByFile(const Options& options, access::Action action, const oci::RepositoryName* repository,
                      const oci::RepositoryName* mountFrom) {
  auto document = readDocument(options.file);
  if (!document) {
    return {ExitCode::Unexpected, "", document.error()};
  }
  const access::RulePolicy policy(*std::move(document));
  const access::Principal principal{options.account};
  const access::Client client{options.from};
  const auto decision = policy.decide({principal, client, action, repository, mountFrom});
  return shown({{"verdict", toString(decision.verdict)},
                {"reason", decision.reason},
                {"rule", decision.rule},
                {"message", decision.message},
                {"challenge", decision.challenge}},
               options.format);
}

}  // namespace

Outcome status(const Options& options) {
  return options.words.empty() ? ask(options, {{"command", "status"}}) : wrongUse("status takes no argument");
}

Outcome explain(const Options& options) {
  const auto action = options.words.empty() ? std::nullopt : access::parseAction(options.words[0]);
  if (!action) {
    return wrongUse("explain needs an action: ping, catalog, pull, push or delete");
  }
  const bool needsRepository = *action != access::Action::Ping && *action != access::Action::Catalog;
  if (options.words.size() != (needsRepository ? 2U : 1U)) {
    return wrongUse(needsRepository ? "explain " + options.words[0] + " needs a repository"
                                    : "explain " + options.words[0] + " takes no repository");
  }
  const std::string name = needsRepository ? options.words[1] : "";
  if (options.file.empty()) {
    return ask(options, {{"command", "explain"},
                         {"account", options.account},
                         {"address", options.from},
                         {"action", options.words[0]},
                         {"repository", name},
                         {"mount_from", options.mountFrom}});
  }
  const auto repository = oci::RepositoryName::parse(name);
  const auto source = oci::RepositoryName::parse(options.mountFrom);
  if ((needsRepository && !repository) || (!options.mountFrom.empty() && !source)) {
    return wrongUse(needsRepository && !repository ? repository.error() : source.error());
  }
  return explainByFile(options, *action, needsRepository ? &*repository : nullptr,
                       options.mountFrom.empty() ? nullptr : &*source);
}

Outcome checkAccess(const Options& options) {
  if (options.words.size() != 1) {
    return wrongUse("check-access needs a file");
  }
  const auto document = readDocument(options.words[0]);
  if (!document) {
    return {ExitCode::Unexpected, "", document.error()};
  }
  const auto findings = access::accessFindings(*document);
  if (options.format == Format::Json) {
    return {ExitCode::Ok, json{{"findings", findings}}.dump(2) + '\n', ""};
  }
  Outcome outcome;
  outcome.out = options.words[0] + ": no errors\n";
  for (const std::string& finding : findings) {
    outcome.out += "note: " + finding + '\n';
  }
  return outcome;
}

}  // namespace rha::registryctl
