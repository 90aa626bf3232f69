#include "access/access_findings.h"

#include <algorithm>

namespace rha::access {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool overlaps(const std::vector<IpNetwork>& a, const IpNetwork& network) {
  return std::any_of(a.begin(), a.end(), [&](const IpNetwork& each) { return each.overlaps(network); });
}

void findUselessAccounts(const AccessDocument& document, std::vector<std::string>& lines) {
  for (const Account& account : document.accounts) {
    const auto& rules = document.rules;
    const bool pulls = std::any_of(rules.begin(), rules.end(),
                                   [&](const Rule& rule) { return contains(rule.pull.accounts, account.name); });
    const bool writes = std::any_of(rules.begin(), rules.end(), [&](const Rule& rule) {
      return contains(rule.push.accounts, account.name) || contains(rule.remove.accounts, account.name);
    });
    const bool listed =
        std::any_of(document.uploaders.begin(), document.uploaders.end(),
                    [&](const Uploader& uploader) { return contains(uploader.accounts, account.name); });
    if (!pulls && !writes && !contains(document.catalog.allow.accounts, account.name)) {
      lines.push_back("account " + account.name + ": no rule gives it any right");
    }
    if (writes && !listed) {
      lines.push_back("account " + account.name +
                      ": may push or delete, but no uploader host lists it, so it never can");
    }
    if (!writes && listed) {
      lines.push_back("account " + account.name + ": an uploader host lists it, but no rule lets it push or delete");
    }
  }
}

void findOverlappingHosts(const AccessDocument& document, std::vector<std::string>& lines) {
  for (std::size_t i = 0; i < document.uploaders.size(); ++i) {
    const Uploader& uploader = document.uploaders[i];
    for (const IpNetwork& network : uploader.addresses) {
      for (std::size_t k = i + 1; k < document.uploaders.size(); ++k) {
        if (overlaps(document.uploaders[k].addresses, network)) {
          lines.push_back("uploaders " + uploader.host + " and " + document.uploaders[k].host + " share addresses (" +
                          network.text() + ")");
        }
      }
      if (overlaps(document.trustedProxies, network)) {
        lines.push_back("uploader " + uploader.host + ": " + network.text() +
                        " is a trusted proxy, too: what it forwards can pretend to be any uploader");
      }
    }
  }
}

// A rule that says the same as the next shorter one changes nothing but the realms.
void findIdleRules(const AccessDocument& document, std::vector<std::string>& lines) {
  for (const Rule& rule : document.rules) {
    const Rule* shorter = nullptr;
    for (const Rule& other : document.rules) {
      const bool encloses =
          other.nameSpace.size() < rule.nameSpace.size() && rule.nameSpace.starts_with(other.nameSpace);
      if (encloses && (shorter == nullptr || other.nameSpace.size() > shorter->nameSpace.size())) {
        shorter = &other;
      }
    }
    if (shorter != nullptr && shorter->pull == rule.pull && shorter->push == rule.push &&
        shorter->remove == rule.remove) {
      lines.push_back("rule \"" + rule.nameSpace + "\" gives the same rights as \"" + shorter->nameSpace + '"');
    }
    if (!rule.pull.anonymous && rule.pull.accounts.empty()) {
      lines.push_back("rule \"" + rule.nameSpace + "\": nobody may pull");
    }
  }
}

}  // namespace

std::vector<std::string> accessFindings(const AccessDocument& document) {
  std::vector<std::string> lines;
  findUselessAccounts(document, lines);
  findOverlappingHosts(document, lines);
  findIdleRules(document, lines);
  return lines;
}

}  // namespace rha::access
