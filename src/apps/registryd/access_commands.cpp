#include "apps/registryd/access_commands.h"

#include <utility>

#include "access/explanation.h"

namespace rha::registryd {
namespace {

using nlohmann::json;
using CommandResult = base::Result<std::string, std::string>;

CommandResult appliedText(const base::Result<access::AppliedAccess, config::SettingErrors>& applied,
                          const std::string& file) {
  if (applied) {
    return json{{"generation", applied->generation}, {"hash", applied->hash}, {"changes", applied->changes}}.dump();
  }
  std::string text;
  for (const config::SettingError& error : applied.error()) {
    text += (text.empty() ? "" : "\n") + config::toText(file, error);
  }
  return base::fail(std::move(text));
}

CommandResult noRules() {
  return base::fail(std::string("registryd has no access rules (access.file is empty), or is starting"));
}

// A member that is text; "" if it is missing or something else.
std::string textOf(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

CommandResult explain(const access::AccessControl& control, const json& request) {
  const auto rules = control.rules();
  const auto explanation =
      access::explain(*rules.policy, {textOf(request, "account"), textOf(request, "address"), textOf(request, "action"),
                                      textOf(request, "repository"), textOf(request, "mount_from")});
  if (!explanation) {
    return base::fail(explanation.error());
  }
  const access::Decision& decision = explanation->decision;
  return json{{"verdict", toString(decision.verdict)},
              {"reason", decision.reason},
              {"rule", decision.rule},
              {"message", decision.message},
              {"challenge", decision.challenge},
              {"limit", explanation->limit},
              {"account_known", explanation->accountKnown},
              {"generation", rules.generation}}
      .dump();
}

}  // namespace

void addAccessCommands(control::ControlServer& control, const std::function<access::AccessControl*()>& access,
                       const std::function<void()>& applied) {
  const auto add = [&](const char* name, CommandResult (*run)(access::AccessControl&, const json&)) {
    control.add(name, [access, run](std::string_view text) -> CommandResult {
      access::AccessControl* const rules = access();
      if (rules == nullptr) {
        return noRules();
      }
      return run(*rules, json::parse(text));
    });
  };
  control.add("apply_access", [access, applied](std::string_view text) -> CommandResult {
    access::AccessControl* const rules = access();
    if (rules == nullptr) {
      return noRules();
    }
    const json request = json::parse(text);
    auto result = appliedText(rules->apply(textOf(request, "text")), textOf(request, "file"));
    if (result) {
      applied();
    }
    return result;
  });
  add("explain", [](access::AccessControl& rules, const json& request) { return explain(rules, request); });
}

json accessStatusJson(const access::AccessStatus& status, const std::string& file) {
  return {{"file", file},
          {"state", status.fromLastGood ? "last good rules: the file has errors" : "rules"},
          {"generation", status.generation},
          {"hash", status.hash},
          {"age_seconds", status.age.count()},
          {"read_only", status.mode.readOnly},
          {"role", status.mode.role == access::Role::Passive ? "passive" : "active"},
          {"active_url", status.mode.activeUrl}};
}

}  // namespace rha::registryd
