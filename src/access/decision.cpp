#include "access/decision.h"

namespace rha::access {

std::string_view toString(Action action) {
  switch (action) {
    case Action::Ping:
      return "ping";
    case Action::Catalog:
      return "catalog";
    case Action::Pull:
      return "pull";
    case Action::Push:
      return "push";
    case Action::Delete:
      return "delete";
  }
  return "";
}

std::optional<Action> parseAction(std::string_view text) {
  for (const Action action : {Action::Ping, Action::Catalog, Action::Pull, Action::Push, Action::Delete}) {
    if (text == toString(action)) {
      return action;
    }
  }
  return std::nullopt;
}

std::string_view toString(Decision::Verdict verdict) {
  switch (verdict) {
    case Decision::Verdict::Allow:
      return "allow";
    case Decision::Verdict::Challenge:
      return "challenge";
    case Decision::Verdict::Deny:
      return "deny";
    case Decision::Verdict::TooMany:
      return "too many";
  }
  return "";
}

Decision AllowAll::decide(const Question&) const {
  Decision decision;
  decision.reason = "there are no rules: everybody may do everything";
  return decision;
}

}  // namespace rha::access
