#include "apps/docker-registryctl/actions.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "access/access_file.h"
#include "access/access_findings.h"
#include "access/explanation.h"
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
    std::string name = prefix;
    if (!name.empty()) {
      name += '.';
    }
    name += key;
    if (value.is_object()) {
      appendTable(value, name, out);
    } else {
      std::string line = name;
      line.resize(std::max(line.size() + 1, kColumn), ' ');
      line += value.is_string() ? value.get<std::string>() : value.dump();
      line += '\n';
      out += line;
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

Outcome wrongUse(const std::string& text) {
  return {ExitCode::WrongUse, "", "docker-registryctl: " + text + "\nTry: docker-registryctl --help\n"};
}

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

// A line for each thing that there is to say; `explained` as the daemon gives it.
std::string explainedText(const json& explained) {
  const auto text = [&](const char* key) { return explained.value(key, ""); };
  const std::string verdict = text("verdict");
  std::string out;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) {
      std::string line = name;
      line.resize(12, ' ');
      out += line + value + '\n';
    }
  };
  add("verdict", verdict + (verdict == "challenge" ? " (401)" : verdict == "deny" ? " (403)" : ""));
  add("reason", text("reason"));
  add("rule", text("rule"));
  add("message", text("message"));
  add("challenge", text("challenge"));
  add("limit", text("limit"));
  add("generation", explained.contains("generation") ? explained["generation"].dump() : "");
  add("note", explained.value("account_known", true) ? "" : "there is no such account");
  return out;
}

Outcome explained(const json& object, Format format) {
  return {ExitCode::Ok, format == Format::Json ? object.dump(2) + '\n' : explainedText(object), ""};
}

Outcome explainByFile(const Options& options, const access::ExplainRequest& request) {
  auto document = readDocument(options.file);
  if (!document) {
    return {ExitCode::WrongUse, "", document.error()};
  }
  const auto explanation = access::explain(access::RulePolicy(*std::move(document)), request);
  if (!explanation) {
    return wrongUse(explanation.error());
  }
  const access::Decision& decision = explanation->decision;
  return explained({{"verdict", toString(decision.verdict)},
                    {"reason", decision.reason},
                    {"rule", decision.rule},
                    {"message", decision.message},
                    {"challenge", decision.challenge},
                    {"limit", explanation->limit},
                    {"account_known", explanation->accountKnown}},
                   options.format);
}

// A command without arguments.
Outcome ask(const Options& options, const char* command) {
  const auto answer = control::callControl(options.socket, json{{"command", command}}.dump(), kDeadline);
  return answer ? shown(json::parse(*answer), options.format)
                : Outcome{ExitCode::RegistryError, "", answer.error() + '\n'};
}

}  // namespace

Outcome status(const Options& options) {
  return options.words.empty() ? ask(options, "status") : wrongUse("status takes no argument");
}

Outcome reload(const Options& options) {
  return options.words.empty() ? ask(options, "reload") : wrongUse("reload takes no argument");
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
  const access::ExplainRequest request{options.account, options.from, options.words[0],
                                       needsRepository ? options.words[1] : "", options.mountFrom};
  if (const std::string fault = access::explainFault(request); !fault.empty()) {
    return wrongUse(fault);
  }
  if (!options.file.empty()) {
    return explainByFile(options, request);
  }
  const json question{
      {"command", "explain"},     {"account", request.account},       {"address", request.address},
      {"action", request.action}, {"repository", request.repository}, {"mount_from", request.mountFrom}};
  const auto answer = control::callControl(options.socket, question.dump(), kDeadline);
  return answer ? explained(json::parse(*answer), options.format)
                : Outcome{ExitCode::RegistryError, "", answer.error() + '\n'};
}

Outcome checkAccess(const Options& options) {
  if (options.words.size() != 1) {
    return wrongUse("check-access needs a file");
  }
  const auto document = readDocument(options.words[0]);
  if (!document) {
    return {ExitCode::WrongUse, "", document.error()};
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
