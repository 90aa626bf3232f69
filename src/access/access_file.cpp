#include "access/access_file.h"

#include <algorithm>
#include <set>

#include "access/password_hash.h"
#include "access/yaml_reader.h"
#include "config/value_reader.h"
#include "config/value_text.h"
#include "config/yaml_text.h"
#include "oci/names.h"

namespace rha::access {
namespace {

using config::inQuotes;

constexpr std::size_t kLongestRealm = 200;
constexpr std::size_t kLongestAccount = 64;
constexpr std::size_t kMostLimits = 50;
constexpr std::uint64_t kMostPerSecond = 1'000'000;
constexpr std::size_t kMostHashCosts = 8;

bool isAccountName(std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  return !name.empty() && name.size() <= kLongestAccount && std::all_of(name.begin(), name.end(), good);
}

class AccessReader final : private YamlReader {
 public:
  void read(std::string_view yaml) {
    auto document = config::loadYaml(yaml);
    if (!document) {
      complain(document.error().line, document.error().text);
    } else if (!*document || !(*document)->IsMap()) {
      complain(1, "the file must hold one map with accounts, uploaders, rules, catalog …");
    } else {
      readTop(**document);
    }
  }

  base::Result<AccessDocument, config::SettingErrors> result() && {
    if (errorCount() == 0) {
      return std::move(document_);
    }
    return base::fail(takeErrors());
  }

 private:
  void readTop(const YAML::Node& node) {
    // Accounts first: the rest names them.
    bool hasRules = false;
    for (const auto& entry : node) {
      if (entry.first.IsScalar() && entry.first.Scalar() == "accounts" && !entry.second.IsNull()) {
        readAccounts(entry.second);
      }
      hasRules = hasRules || (entry.first.IsScalar() && entry.first.Scalar() == "rules" && entry.second.IsSequence());
    }
    readMap(node, "the file",
            {{"accounts", [](const YAML::Node&) {}},
             {"uploaders",
              [this](const YAML::Node& value) {
                readList(value, "uploaders", [this](const YAML::Node& each) { readUploader(each); });
              }},
             {"rules",
              [this](const YAML::Node& value) {
                readList(value, "rules", [this](const YAML::Node& each) { readRule(each); });
              }},
             {"catalog", [this](const YAML::Node& value) { readCatalog(value); }},
             {"trusted_proxies",
              [this](const YAML::Node& value) { readNetworks(value, "trusted_proxies", document_.trustedProxies); }},
             {"challenge_hosts",
              [this](const YAML::Node& value) { readNetworks(value, "challenge_hosts", document_.challengeHosts); }},
             {"limits",
              [this](const YAML::Node& value) {
                readList(value, "limits", [this](const YAML::Node& each) { readLimit(each); });
              }},
             {"mode", [this](const YAML::Node& value) { readMode(value); }}});
    if (!hasRules) {
      complain(node, "rules is missing: without rules nobody may do anything");
    }
  }

  void readAccounts(const YAML::Node& node) {
    if (!node.IsMap()) {
      return complain(node, "accounts must be a map of account names");
    }
    for (const auto& entry : node) {
      const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
      if (!isAccountName(name) || name == "anonymous") {
        complain(entry.first, "the account name " + inQuotes(name) + " is not made of 1 to 64 of A-Z a-z 0-9 - _ ." +
                                  (name == "anonymous" ? ", or means everybody" : ""));
      } else if (!accountNames_.insert(name).second) {
        complain(entry.first, "the account " + inQuotes(name) + " stands twice");
      } else {
        readAccount(name, entry.first, entry.second);
      }
    }
    if (hashCosts_.size() > kMostHashCosts) {
      complain(node, "the password hashes are of more than " + std::to_string(kMostHashCosts) +
                         " schemes and costs; each login is made to cost as much as all of them together");
    }
  }

  void readAccount(const std::string& name, const YAML::Node& key, const YAML::Node& node) {
    const std::string where = "the account " + inQuotes(name);
    Account account{name, {}};
    const std::size_t before = errorCount();
    if (!node.IsNull()) {
      readMap(node, where, {{"password_hashes", [&](const YAML::Node& value) {
                               readList(value, "password_hashes of " + where,
                                        [&](const YAML::Node& each) { readHash(each, where, account); });
                             }}});
    }
    if (account.passwordHashes.empty() && errorCount() == before) {
      complain(key, where + " needs password_hashes");
    }
    for (const std::string& hash : account.passwordHashes) {
      hashCosts_.insert(hashCost(hash));
    }
    document_.accounts.push_back(std::move(account));
  }

  void readHash(const YAML::Node& node, const std::string& where, Account& account) {
    const std::string hash = scalar(node, "a password hash of " + where);
    if (const auto fault = hashFault(hash)) {
      complain(node, "a password hash of " + where + " " + *fault);
    } else if (account.passwordHashes.size() >= 4) {
      complain(node, where + " has more than 4 password hashes");
    } else {
      account.passwordHashes.push_back(hash);
    }
  }

  void readNames(const YAML::Node& node, const std::string& where, std::vector<std::string>& out) {
    readList(node, where, [&](const YAML::Node& each) {
      const std::string name = scalar(each, where);
      if (!accountNames_.contains(name)) {
        complain(each, where + " names the unknown account " + inQuotes(name) +
                           didYouMean(name, {accountNames_.begin(), accountNames_.end()}));
      } else if (std::find(out.begin(), out.end(), name) != out.end()) {
        complain(each, where + " names " + inQuotes(name) + " twice");
      } else {
        out.push_back(name);
      }
    });
  }

  void readNetworks(const YAML::Node& node, const std::string& where, std::vector<IpNetwork>& out) {
    readList(node, where, [&](const YAML::Node& each) {
      const std::string text = scalar(each, where);
      if (auto network = IpNetwork::parse(text)) {
        out.push_back(*network);
      } else {
        complain(each, where + ": " + inQuotes(text) + " " + network.error());
      }
    });
  }

  void readUploader(const YAML::Node& node) {
    Uploader uploader;
    const std::size_t before = errorCount();
    readMap(node, "an uploader",
            {{"host", [&](const YAML::Node& value) { uploader.host = scalar(value, "host"); }},
             {"addresses", [&](const YAML::Node& value) { readNetworks(value, "addresses", uploader.addresses); }},
             {"accounts", [&](const YAML::Node& value) { readNames(value, "accounts", uploader.accounts); }}});
    if (!uploader.host.empty() && !hosts_.insert(uploader.host).second) {
      complain(node, "the uploader host " + inQuotes(uploader.host) + " stands twice");
    }
    if (errorCount() == before && (uploader.host.empty() || uploader.addresses.empty() || uploader.accounts.empty())) {
      complain(node, "an uploader needs host, addresses and accounts");
    }
    document_.uploaders.push_back(std::move(uploader));
  }

  enum class MayBeAnonymous : std::uint8_t { No, Yes };

  void readGrant(const YAML::Node& node, const std::string& where, MayBeAnonymous anonymous, Grant& out) {
    if (node.IsScalar() && node.Scalar() == "anonymous" && anonymous == MayBeAnonymous::Yes) {
      out.anonymous = true;
    } else if (!node.IsSequence()) {
      complain(node, where + " must be " + (anonymous == MayBeAnonymous::Yes ? "anonymous or " : "") +
                         "a list of accounts" + (anonymous == MayBeAnonymous::No ? ": only accounts may write" : ""));
    } else {
      out.anonymous = false;
      readNames(node, where, out.accounts);
    }
  }

  void readRealm(const YAML::Node& node, const std::string& where, std::string& out) {
    const std::string realm = scalar(node, where);
    const auto good = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
    if (realm.empty() || realm.size() > kLongestRealm || !std::all_of(realm.begin(), realm.end(), good)) {
      return complain(node, where + " must be 1 to 200 printable characters without quotes and backslashes");
    }
    out = realm;
  }

  void readRule(const YAML::Node& node) {
    Rule rule;
    bool named = false;
    bool removes = false;
    readMap(node, "a rule",
            {{"namespace",
              [&](const YAML::Node& value) {
                named = true;
                rule.nameSpace = readNamespace(value);
              }},
             {"pull", [&](const YAML::Node& value) { readGrant(value, "pull", MayBeAnonymous::Yes, rule.pull); }},
             {"push", [&](const YAML::Node& value) { readGrant(value, "push", MayBeAnonymous::No, rule.push); }},
             {"delete",
              [&](const YAML::Node& value) {
                removes = true;
                readGrant(value, "delete", MayBeAnonymous::No, rule.remove);
              }},
             {"realm", [&](const YAML::Node& value) { readRealms(value, rule); }}});
    if (!named) {
      return complain(node, "a rule needs a namespace (\"\" for all that no other rule covers)");
    }
    if (!namespaces_.insert(rule.nameSpace).second) {
      return complain(node, "there are two rules for the namespace " + inQuotes(rule.nameSpace));
    }
    if (!removes) {
      rule.remove = rule.push;
    }
    setDefaultRealms(rule);
    document_.rules.push_back(std::move(rule));
  }

  void readRealms(const YAML::Node& node, Rule& rule) {
    readMap(node, "realm",
            {{"pull", [&](const YAML::Node& value) { readRealm(value, "realm.pull", rule.pullRealm); }},
             {"push", [&](const YAML::Node& value) { readRealm(value, "realm.push", rule.pushRealm); }}});
  }

  std::string readNamespace(const YAML::Node& node) {
    std::string text = scalar(node, "namespace");
    const bool good = text.empty() || (text.back() == '/' &&
                                       oci::RepositoryName::parse(std::string_view(text).substr(0, text.size() - 1)));
    if (!good) {
      complain(node, "the namespace " + inQuotes(text) + " must be \"\" or a repository's name with \"/\" at its end");
    }
    return text;
  }

  static void setDefaultRealms(Rule& rule) {
    const std::string name = rule.nameSpace.substr(0, rule.nameSpace.size() - (rule.nameSpace.empty() ? 0 : 1));
    const auto fill = [&](std::string& realm, const char* right) {
      if (realm.empty()) {
        realm = name.empty() ? kDefaultRealm : "docker-registry " + name + " (" + name + "-" + right + ")";
      }
    };
    fill(rule.pullRealm, "read");
    fill(rule.pushRealm, "push");
  }

  void readCatalog(const YAML::Node& node) {
    CatalogAccess& catalog = document_.catalog;
    readMap(node, "catalog",
            {{"allow", [&](const YAML::Node& value) { readGrant(value, "allow", MayBeAnonymous::Yes, catalog.allow); }},
             {"networks", [&](const YAML::Node& value) { readNetworks(value, "networks", catalog.networks); }}});
  }

  void readLimit(const YAML::Node& node) {
    ClientLimit limit;
    const std::size_t before = errorCount();
    readMap(node, "a limit",
            {{"name", [&](const YAML::Node& value) { limit.name = readLimitName(value); }},
             {"accounts",
              [&](const YAML::Node& value) {
                readGrant(value, "accounts of a limit", MayBeAnonymous::Yes, limit.accounts.emplace());
              }},
             {"networks", [&](const YAML::Node& value) { readNetworks(value, "networks", limit.networks); }},
             {"requests_per_second",
              [&](const YAML::Node& value) {
                limit.rate.perSecond = number(value, "requests_per_second", 1, kMostPerSecond);
              }},
             {"burst", [&](const YAML::Node& value) { limit.rate.burst = number(value, "burst", 1, kMostPerSecond); }},
             {"blob_bytes", [&](const YAML::Node& value) { limit.blobBytes = readBytes(value); }}});
    if (errorCount() == before) {
      checkLimit(node, limit);
    }
    document_.limits.push_back(std::move(limit));
  }

  void checkLimit(const YAML::Node& node, ClientLimit& limit) {
    if (limit.name.empty()) {
      complain(node, "a limit needs a name");
    }
    if (limit.rate.burst != 0 && limit.rate.perSecond == 0) {
      complain(node, "the limit " + inQuotes(limit.name) + " has a burst without requests_per_second");
    }
    if (limit.rate.burst == 0) {
      limit.rate.burst = limit.rate.perSecond;
    }
    if (document_.limits.size() == kMostLimits) {
      complain(node, "limits has more than " + std::to_string(kMostLimits) + " entries");
    }
  }

  std::string readLimitName(const YAML::Node& node) {
    std::string name = scalar(node, "name");
    if (!isAccountName(name)) {
      complain(node, "the name " + inQuotes(name) + " of a limit is not made of 1 to 64 of A-Z a-z 0-9 - _ .");
    } else if (!limits_.insert(name).second) {
      complain(node, "there are two limits called " + inQuotes(name));
    }
    return name;
  }

  std::uint64_t readBytes(const YAML::Node& node) {
    const std::string text = scalar(node, "blob_bytes");
    const auto bytes = config::parseSize(text);
    if (node.IsScalar() && bytes.value_or(0) == 0) {
      complain(node, "blob_bytes must be a size (4194304, 4MiB, 5GiB), not " + inQuotes(text));
    }
    return bytes.value_or(0);
  }

  void readMode(const YAML::Node& node) {
    Mode& mode = document_.mode;
    readMap(node, "mode",
            {{"read_only",
              [&](const YAML::Node& value) {
                const std::string text = scalar(value, "read_only");
                if (text != "true" && text != "false") {
                  complain(value, "read_only must be true or false, not " + inQuotes(text));
                }
                mode.readOnly = text == "true";
              }},
             {"role",
              [&](const YAML::Node& value) {
                const std::string text = scalar(value, "role");
                if (text != "active" && text != "passive") {
                  complain(value, "role must be active or passive, not " + inQuotes(text));
                }
                mode.role = text == "passive" ? Role::Passive : Role::Active;
              }},
             {"active_url", [&](const YAML::Node& value) { readActiveUrl(value); }}});
    if (mode.role == Role::Passive && mode.activeUrl.empty()) {
      complain(node, "a passive site needs active_url: where writes are to be sent");
    }
  }

  void readActiveUrl(const YAML::Node& node) {
    const std::string text = scalar(node, "active_url");
    const auto good = [](char c) { return c > 0x20 && c < 0x7f; };
    const bool hasScheme = text.starts_with("https://") || text.starts_with("http://");
    if (!text.empty() && (!hasScheme || !std::all_of(text.begin(), text.end(), good))) {
      return complain(node, "active_url must begin with https:// or http://, not be " + inQuotes(text));
    }
    document_.mode.activeUrl = text;
  }

  AccessDocument document_;
  std::set<std::string> accountNames_;
  std::set<std::string> namespaces_;
  std::set<std::string> hosts_;
  std::set<std::string> limits_;
  std::set<std::string> hashCosts_;
};

}  // namespace

base::Result<AccessDocument, config::SettingErrors> parseAccess(std::string_view yaml) {
  if (yaml.size() > kLargestAccessFile) {
    return base::fail(config::SettingErrors{{0, "is larger than 4 MiB; this cannot be an access file"}});
  }
  AccessReader reader;
  reader.read(yaml);
  return std::move(reader).result();
}

}  // namespace rha::access
