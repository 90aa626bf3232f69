#include "access/rule_policy.h"

#include <algorithm>
#include <utility>

namespace rha::access {
namespace {

using Verdict = Decision::Verdict;

bool grants(const Grant& grant, const Principal& principal) {
  return grant.anonymous || (!principal.anonymous() && std::find(grant.accounts.begin(), grant.accounts.end(),
                                                                 principal.name) != grant.accounts.end());
}

bool covers(const std::string& nameSpace, const std::string& repository) {
  return repository.starts_with(nameSpace) ||
         (nameSpace.size() == repository.size() + 1 && nameSpace.starts_with(repository));
}

std::string quoted(const std::string& text) { return '"' + text + '"'; }

std::string nameOf(const Principal& principal) { return principal.anonymous() ? "anonymous" : principal.name; }

Decision allow(std::string reason, std::string rule = {}) {
  return {Verdict::Allow, std::move(reason), {}, {}, std::move(rule)};
}

Decision challenge(std::string reason, const std::string& realm, std::string rule = {}) {
  return {Verdict::Challenge, std::move(reason), "authentication required", basicChallenge(realm), std::move(rule)};
}

Decision deny(std::string reason, std::string message, std::string rule = {}) {
  return {Verdict::Deny, std::move(reason), std::move(message), {}, std::move(rule)};
}

// How the uploaders' list takes an address.
struct HostCheck {
  const Uploader* any = nullptr;      // lists the address
  const Uploader* account = nullptr;  // lists it for the account
};

HostCheck checkHost(const std::vector<Uploader>& uploaders, const Client& client, const std::string& account) {
  HostCheck found;
  const auto address = IpAddress::parse(client.address);
  for (const Uploader& uploader : uploaders) {
    if (!address || !containsAny(uploader.addresses, *address)) {
      continue;
    }
    found.any = &uploader;
    if (std::find(uploader.accounts.begin(), uploader.accounts.end(), account) != uploader.accounts.end()) {
      found.account = &uploader;
      break;
    }
  }
  return found;
}

}  // namespace

std::string basicChallenge(const std::string& realm) { return "Basic realm=\"" + realm + '"'; }

RulePolicy::RulePolicy(AccessDocument document) : document_(std::move(document)) {
  std::stable_sort(document_.rules.begin(), document_.rules.end(),
                   [](const Rule& a, const Rule& b) { return a.nameSpace.size() > b.nameSpace.size(); });
}

const Rule* RulePolicy::ruleFor(const std::string& repository) const {
  const auto found = std::find_if(document_.rules.begin(), document_.rules.end(),
                                  [&](const Rule& rule) { return covers(rule.nameSpace, repository); });
  return found != document_.rules.end() ? &*found : nullptr;
}

Decision RulePolicy::decide(const Question& question) const {
  switch (question.action) {
    case Action::Ping:
      return decidePing(question);
    case Action::Catalog:
      return decideCatalog(question);
    case Action::Pull:
      return decidePull(question.principal, question.repository->text());
    case Action::Push:
    case Action::Delete:
      break;
  }
  Decision decision = decideWrite(question);
  if (decision.allowed() && question.mountFrom != nullptr) {
    const Decision source = decidePull(question.principal, question.mountFrom->text());
    if (!source.allowed()) {
      return deny("the source of the mount: " + source.reason, "requested access to the resource is denied",
                  source.rule);
    }
    decision.reason += "; the source of the mount: " + source.reason;
  }
  return decision;
}

Decision RulePolicy::decidePing(const Question& question) const {
  if (!question.principal.anonymous()) {
    return allow("every account may");
  }
  const auto address = IpAddress::parse(question.client.address);
  if (address && containsAny(document_.challengeHosts, *address)) {
    return challenge("challenge_hosts lists the client", kDefaultRealm);
  }
  return allow("everybody may");
}

Decision RulePolicy::decideCatalog(const Question& question) const {
  const CatalogAccess& catalog = document_.catalog;
  const auto address = IpAddress::parse(question.client.address);
  if (!catalog.networks.empty() && !(address && containsAny(catalog.networks, *address))) {
    return deny("catalog.networks does not list the client", "the catalogue is not shown to this client's network");
  }
  return grants(catalog.allow, question.principal)
             ? allow("catalog allows " + nameOf(question.principal))
             : challenge("catalog does not allow " + nameOf(question.principal), kDefaultRealm);
}

Decision RulePolicy::decidePull(const Principal& principal, const std::string& repository) const {
  const Rule* rule = ruleFor(repository);
  if (rule == nullptr) {
    return challenge("no rule covers the repository", kDefaultRealm);
  }
  const std::string name = quoted(rule->nameSpace);
  return grants(rule->pull, principal)
             ? allow("rule " + name + " lets " + nameOf(principal) + " pull", name)
             : challenge("rule " + name + " does not let " + nameOf(principal) + " pull", rule->pullRealm, name);
}

std::string RulePolicy::refusalByMode() const {
  if (document_.mode.role == Role::Passive) {
    return "this registry is passive and takes no writes; the active one is " + document_.mode.activeUrl;
  }
  return document_.mode.readOnly ? "the registry is in read-only mode" : "";
}

Decision RulePolicy::decideWrite(const Question& question) const {
  const Rule* rule = ruleFor(question.repository->text());
  const std::string name = rule != nullptr ? quoted(rule->nameSpace) : "";
  if (std::string refusal = refusalByMode(); !refusal.empty()) {
    return deny(document_.mode.role == Role::Passive ? "mode.role is passive" : "mode.read_only is true",
                std::move(refusal), name);
  }
  const std::string realm = rule != nullptr ? rule->pushRealm : kDefaultRealm;
  const std::string account = nameOf(question.principal);
  const std::string action(toString(question.action));
  if (question.principal.anonymous()) {
    return challenge("only accounts may " + action, realm, name);
  }
  const HostCheck host = checkHost(document_.uploaders, question.client, question.principal.name);
  if (host.any == nullptr) {
    return deny("uploaders does not list the address " + question.client.address,
                "uploads are not accepted from this host", name);
  }
  const bool granted =
      rule != nullptr && grants(question.action == Action::Delete ? rule->remove : rule->push, question.principal);
  if (!granted) {
    return challenge(
        rule == nullptr ? "no rule covers the repository" : "rule " + name + " does not let " + account + " " + action,
        realm, name);
  }
  if (host.account == nullptr) {
    return deny("uploaders does not list " + account + " for the host " + host.any->host,
                "uploads are not accepted from this host", name);
  }
  return allow("rule " + name + " lets " + account + " " + action + " from " + host.account->host, name);
}

const ClientLimit* RulePolicy::limitFor(const Principal& principal, const Client& client) const {
  if (document_.limits.empty()) {
    return nullptr;
  }
  const auto address = IpAddress::parse(client.address);
  const auto fits = [&](const ClientLimit& each) {
    const bool isMeant =
        !each.accounts || (each.accounts->anonymous ? principal.anonymous() : grants(*each.accounts, principal));
    return isMeant && (each.networks.empty() || (address && containsAny(each.networks, *address)));
  };
  const auto found = std::find_if(document_.limits.begin(), document_.limits.end(), fits);
  return found != document_.limits.end() ? &*found : nullptr;
}

VisibleNamespaces RulePolicy::visibleTo(const Principal& principal) const {
  VisibleNamespaces list;
  for (const Rule& rule : document_.rules) {
    list.push_back({rule.nameSpace, grants(rule.pull, principal)});
  }
  if (list.empty()) {
    list.push_back({"", false});  // no entries would mean that everything is visible
  }
  return list;
}

}  // namespace rha::access
