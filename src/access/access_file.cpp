#include "access/access_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "access/password_hash.h"
#include "base/text.h"
#include "config/value_reader.h"
#include "oci/names.h"

namespace rha::access {
namespace {

using config::inQuotes;
using Words = std::vector<std::string_view>;

constexpr std::size_t kLongestRealm = 200;
constexpr std::size_t kLongestAccount = 64;
constexpr std::size_t kMostEntries = 10'000;  // of any one list: far more than a site has

bool isAccountName(std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  return !name.empty() && name.size() <= kLongestAccount && std::all_of(name.begin(), name.end(), good);
}

class AccessReader final {
 public:
  void read(std::string_view yaml) {
    try {
      const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(yaml));
      if (documents.size() != 1 || !documents[0].IsMap()) {
        errors_.push_back({1, "the file must hold one map with accounts, uploaders, rules, catalog …"});
        return;
      }
      readTop(documents[0]);
    } catch (const YAML::Exception& error) {
      errors_.push_back({error.mark.line + 1, "not valid YAML: " + error.msg});
    }
  }

  base::Result<AccessDocument, config::SettingErrors> result() && {
    if (errors_.empty()) {
      return std::move(document_);
    }
    std::stable_sort(errors_.begin(), errors_.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
    return base::fail(std::move(errors_));
  }

 private:
  using Field = std::function<void(const YAML::Node& value)>;

  void complain(const YAML::Node& at, std::string text) { errors_.push_back({at.Mark().line + 1, std::move(text)}); }

  // Calls the field of each key; complains of unknown keys and of those that stand twice.
  void readMap(const YAML::Node& node, const std::string& where, const std::map<std::string, Field>& fields) {
    if (!node.IsMap()) {
      return complain(node, where + " must be a map of " + config::joinWords(namesOf(fields)));
    }
    std::set<std::string> seen;
    for (const auto& entry : node) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      const auto field = fields.find(key);
      if (field == fields.end()) {
        const auto meant = base::nearest(key, namesOf(fields));
        complain(entry.first, "unknown key " + inQuotes(key) + " in " + where +
                                  (meant.empty() ? "" : " (did you mean " + inQuotes(meant) + "?)"));
      } else if (!seen.insert(key).second) {
        complain(entry.first, "duplicate key " + inQuotes(key) + " in " + where);
      } else if (!entry.second.IsNull()) {
        field->second(entry.second);
      }
    }
  }

  static Words namesOf(const std::map<std::string, Field>& fields) {
    Words names;
    for (const auto& [name, field] : fields) {
      names.push_back(name);
    }
    return names;
  }

  void readList(const YAML::Node& node, const std::string& where, const Field& item) {
    if (!node.IsSequence()) {
      return complain(node, where + " must be a list");
    }
    if (node.size() > kMostEntries) {
      return complain(node, where + " has more than " + std::to_string(kMostEntries) + " entries");
    }
    for (const YAML::Node& each : node) {
      item(each);
    }
  }

  std::string scalar(const YAML::Node& node, const std::string& where) {
    if (!node.IsScalar()) {
      complain(node, where + " must be a word, not a " + (node.IsMap() ? "map" : "list"));
      return "";
    }
    return node.Scalar();
  }

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
  }

  void readAccount(const std::string& name, const YAML::Node& key, const YAML::Node& node) {
    const std::string where = "the account " + inQuotes(name);
    Account account{name, {}};
    const std::size_t before = errors_.size();
    if (!node.IsNull()) {
      readMap(node, where, {{"password_hashes", [&](const YAML::Node& value) {
                               readList(value, "password_hashes of " + where,
                                        [&](const YAML::Node& each) { readHash(each, where, account); });
                             }}});
    }
    if (account.passwordHashes.empty() && errors_.size() == before) {
      complain(key, where + " needs password_hashes");
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
        const auto meant = base::nearest(name, Words(accountNames_.begin(), accountNames_.end()));
        complain(each, where + " names the unknown account " + inQuotes(name) +
                           (meant.empty() ? "" : " (did you mean " + inQuotes(meant) + "?)"));
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
    const std::size_t before = errors_.size();
    readMap(node, "an uploader",
            {{"host", [&](const YAML::Node& value) { uploader.host = scalar(value, "host"); }},
             {"addresses", [&](const YAML::Node& value) { readNetworks(value, "addresses", uploader.addresses); }},
             {"accounts", [&](const YAML::Node& value) { readNames(value, "accounts", uploader.accounts); }}});
    if (!uploader.host.empty() && !hosts_.insert(uploader.host).second) {
      complain(node, "the uploader host " + inQuotes(uploader.host) + " stands twice");
    }
    if (errors_.size() == before &&
        (uploader.host.empty() || uploader.addresses.empty() || uploader.accounts.empty())) {
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
    const std::string text = scalar(node, "namespace");
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
  config::SettingErrors errors_;
  std::set<std::string> accountNames_;
  std::set<std::string> namespaces_;
  std::set<std::string> hosts_;
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
