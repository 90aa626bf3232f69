#include "access/explanation.h"

#include <algorithm>

namespace rha::access {
namespace {

using oci::RepositoryName;

bool needsRepository(Action action) { return action != Action::Ping && action != Action::Catalog; }

}  // namespace

std::string explainFault(const ExplainRequest& request) {
  const auto action = parseAction(request.action);
  if (!action) {
    return "action must be ping, catalog, pull, push or delete";
  }
  const bool writes = *action == Action::Push || *action == Action::Delete;
  if (!request.address.empty() && !IpAddress::parse(request.address)) {
    return "from must be an IP address (10.192.0.5, 2620:0:860::1)";
  }
  if (writes && !request.account.empty() && request.address.empty()) {
    return "from is missing: whether an account may " + request.action + " depends on the host it comes from";
  }
  if (*action != Action::Push && !request.mountFrom.empty()) {
    return "mount-from belongs to push";
  }
  if (const auto name = RepositoryName::parse(request.repository); needsRepository(*action) && !name) {
    return "repository: " + name.error();
  }
  if (const auto source = RepositoryName::parse(request.mountFrom); !request.mountFrom.empty() && !source) {
    return "mount-from: " + source.error();
  }
  return "";
}

base::Result<Explanation, std::string> explain(const RulePolicy& policy, const ExplainRequest& request) {
  if (std::string fault = explainFault(request); !fault.empty()) {
    return base::fail(std::move(fault));
  }
  const Action action = *parseAction(request.action);
  const auto repository = RepositoryName::parse(request.repository);
  const auto source = RepositoryName::parse(request.mountFrom);
  const Principal principal{request.account};
  const Client client{request.address};
  Explanation explanation;
  explanation.decision = policy.decide({principal, client, action, needsRepository(action) ? &*repository : nullptr,
                                        request.mountFrom.empty() ? nullptr : &*source});
  const auto& accounts = policy.document().accounts;
  explanation.accountKnown =
      principal.anonymous() ||
      std::any_of(accounts.begin(), accounts.end(), [&](const Account& each) { return each.name == principal.name; });
  if (const ClientLimit* limit = policy.limitFor(principal, client)) {
    explanation.limit = limit->name;
  }
  return explanation;
}

}  // namespace rha::access
