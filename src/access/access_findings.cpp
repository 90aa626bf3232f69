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

// Networks of one list of which one lies within the other: the smaller one changes nothing.
void findOverlaps(const std::vector<IpNetwork>& networks, const std::string& where, std::vector<std::string>& lines) {
  for (std::size_t i = 0; i < networks.size(); ++i) {
    for (std::size_t k = i + 1; k < networks.size(); ++k) {
      if (networks[i].overlaps(networks[k])) {
        lines.push_back(where + ": " + networks[i].text() + " and " + networks[k].text() + " overlap");
      }
    }
  }
}

void findOverlappingLists(const AccessDocument& document, std::vector<std::string>& lines) {
  findOverlaps(document.catalog.networks, "catalog.networks", lines);
  findOverlaps(document.trustedProxies, "trusted_proxies", lines);
  findOverlaps(document.challengeHosts, "challenge_hosts", lines);
  for (const Uploader& uploader : document.uploaders) {
    findOverlaps(uploader.addresses, "uploader " + uploader.host, lines);
  }
  for (const ClientLimit& limit : document.limits) {
    findOverlaps(limit.networks, "limit " + limit.name, lines);
  }
}

// Whether every client that `later` fits is taken by `earlier` already.
bool hides(const ClientLimit& earlier, const ClientLimit& later) {
  const bool anyAccount = !earlier.accounts || (later.accounts && *earlier.accounts == *later.accounts);
  return anyAccount && (earlier.networks.empty() || earlier.networks == later.networks);
}

void findIdleLimits(const AccessDocument& document, std::vector<std::string>& lines) {
  const auto& limits = document.limits;
  for (std::size_t k = 0; k < limits.size(); ++k) {
    for (std::size_t i = 0; i < k; ++i) {
      if (hides(limits[i], limits[k])) {
        lines.push_back("limit " + limits[k].name + " never applies: " + limits[i].name +
                        " stands before it and fits all "
                        "of its clients");
        break;
      }
    }
    if (limits[k].rate.perSecond == 0 && limits[k].blobBytes == 0 && k + 1 == limits.size()) {
      lines.push_back("limit " + limits[k].name + " limits nothing, and no other stands after it");
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
    const auto mayUpload = [&](const std::string& account) {
      return std::any_of(document.uploaders.begin(), document.uploaders.end(),
                         [&](const Uploader& uploader) { return contains(uploader.accounts, account); });
    };
    const auto nobodyCan = [&](const Grant& grant) {
      return !grant.accounts.empty() && std::none_of(grant.accounts.begin(), grant.accounts.end(), mayUpload);
    };
    if (nobodyCan(rule.push)) {
      lines.push_back("rule \"" + rule.nameSpace + "\": push can never match: no uploader host lists its accounts");
    }
    if (!(rule.remove == rule.push) && nobodyCan(rule.remove)) {
      lines.push_back("rule \"" + rule.nameSpace + "\": delete can never match: no uploader host lists its accounts");
    }
  }
}

}  // namespace

std::vector<std::string> accessFindings(const AccessDocument& document) {
  std::vector<std::string> lines;
  findUselessAccounts(document, lines);
  findOverlappingHosts(document, lines);
  findOverlappingLists(document, lines);
  findIdleRules(document, lines);
  findIdleLimits(document, lines);
  return lines;
}

}  // namespace rha::access
