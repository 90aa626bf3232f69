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

Decision AllowAll::decide(const Question&) const {
  Decision decision;
  decision.reason = "there are no rules: everybody may do everything";
  return decision;
}

}  // namespace rha::access
