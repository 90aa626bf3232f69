#include "apps/registryd/audit_log.h"

#include <algorithm>
#include <array>

namespace rha::registryd {
namespace {

constexpr std::size_t kLongestMethod = 16;
constexpr int kFirstFailure = 400;

// The API's field, or null.
const std::string* find(const net::Request& request, std::string_view key) {
  const auto found =
      std::find_if(request.log.begin(), request.log.end(), [&](const auto& field) { return field.first == key; });
  return found != request.log.end() ? &found->second : nullptr;
}

std::string_view outcomeOf(const net::ExchangeResult& result, bool refused) {
  if (refused) {
    return "refused";
  }
  return result.status != 0 && result.status < kFirstFailure && result.brokenOff.empty() ? "done" : "failed";
}

}  // namespace

AuditScope auditScopeOf(std::string_view text) {
  if (text == "all") {
    return AuditScope::All;
  }
  return text == "writes" ? AuditScope::Writes : AuditScope::Off;
}

std::optional<std::string> auditLine(const net::Request& request, const net::ExchangeResult& result, AuditScope scope) {
  const std::string* action = scope == AuditScope::Off ? nullptr : find(request, "action");
  const std::string* refusal = find(request, "denied");
  if (action == nullptr || (scope == AuditScope::Writes && refusal != nullptr)) {
    return std::nullopt;
  }
  std::string line;
  base::appendLogField(line, "event", "audit");
  base::appendLogField(line, "id", request.id);
  const std::string* forwarded = find(request, "forwarded_for");
  base::appendLogField(line, "client", forwarded != nullptr ? *forwarded : request.peer.host());
  if (forwarded != nullptr) {
    base::appendLogField(line, "proxy", request.peer.host());
  }
  const std::string* principal = find(request, "principal");
  base::appendLogField(line, "account", principal != nullptr ? *principal : "anonymous");
  const auto addIfThere = [&](std::string_view key, std::string_view name) {
    if (const std::string* value = find(request, key)) {
      base::appendLogField(line, name, *value);
    }
  };
  addIfThere("claimed", "claimed");
  base::appendLogField(line, "action", *action);
  base::appendLogField(line, "method", request.method.substr(0, kLongestMethod));
  for (const std::string_view key : {"repository", "reference", "mount_from", "mount_refused"}) {
    addIfThere(key, key);
  }
  base::appendLogField(line, "outcome", outcomeOf(result, refusal != nullptr));
  base::appendLogField(line, "status", std::to_string(result.status));
  addIfThere("rule", "rule");
  addIfThere("generation", "generation");
  addIfThere("denied", "reason");
  return line;
}

void AuditLog::onEnd(const net::Request& request, const net::ExchangeResult& result) noexcept {
  if (const auto line = auditLine(request, result, scope_)) {
    logger_.writeLine(base::LogLevel::Info, *line);
  }
  next_.onEnd(request, result);
}

}  // namespace rha::registryd
