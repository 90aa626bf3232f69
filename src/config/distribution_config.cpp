#include "config/distribution_config.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/text.h"
#include "config/distribution_keys.h"
#include "config/yaml_text.h"

namespace rha::config {
namespace {

constexpr std::string_view kDefaultRoot = "/var/lib/registry";

// "a text" in YAML, whatever is in it.
std::string yamlText(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return out + '"';
}

// The file's scalars by their path. What is taken is translated; what is left in the end is not.
class OldSettings final {
 public:
  struct Value {
    std::string text;
    int line = 0;
  };

  void read(const YAML::Node& node, const std::string& path = "") {
    if (node.IsMap()) {
      for (const auto& entry : node) {
        const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "?";
        read(entry.second, path.empty() ? key : std::string(path).append(".").append(key));
      }
      present_.push_back(path);
    } else if (!path.empty()) {
      values_[path] = {node.IsScalar() ? node.Scalar() : "", node.Mark().line + 1};
    }
  }

  std::optional<Value> take(const std::string& path) {
    const auto found = values_.find(path);
    if (found == values_.end()) {
      return std::nullopt;
    }
    const Value value = found->second;
    values_.erase(found);
    return value;
  }
  std::string text(const std::string& path) {
    const auto value = take(path);
    return value ? value->text : "";
  }
  bool isTrue(const std::string& path) { return text(path) == "true"; }
  // A section, or a setting, also one without a value.
  [[nodiscard]] bool has(const std::string& path) const {
    return values_.contains(path) || std::find(present_.begin(), present_.end(), path) != present_.end();
  }
  // 0 for what is not there, or is a section.
  [[nodiscard]] int lineOf(const std::string& path) const {
    const auto found = values_.find(path);
    return found != values_.end() ? found->second.line : 0;
  }
  [[nodiscard]] const std::map<std::string, Value>& left() const { return values_; }

 private:
  std::map<std::string, Value> values_;
  std::vector<std::string> present_;
};

class Translator final {
 public:
  Translator(OldSettings old, std::string folder) : old_(std::move(old)), folder_(std::move(folder)) {}

  base::Result<TranslatedConfig, SettingErrors> translate() {
    if (!storage()) {
      return base::fail(std::move(errors_));
    }
    uploads();
    http();
    log();
    result_.settings = "# Made from the configuration of docker-registry.\n";
    for (const char* section : {"http", "storage", "uploads", "log"}) {
      result_.settings += sections_[section].empty() ? "" : std::string(section) + ":\n" + sections_[section];
    }
    result_.settings += "access:\n  file: " + yamlText(folder_ + "/access.yaml") + '\n';
    access();
    for (const auto& [key, value] : old_.left()) {
      if (const auto advice = adviceOnDistributionKey(key); !advice.empty()) {
        note(value.line, key, std::string(advice));
      }
    }
    std::stable_sort(result_.notes.begin(), result_.notes.end(),
                     [](const auto& a, const auto& b) { return a.line < b.line; });
    return std::move(result_);
  }

 private:
  void note(int line, std::string key, std::string text) {
    result_.notes.push_back({line, std::move(key), std::move(text)});
  }
  void add(const std::string& section, const std::string& line) { sections_[section] += line + '\n'; }
  void addText(const std::string& section, const std::string& name, const std::string& value) {
    if (!value.empty()) {
      add(section, name + ": " + yamlText(value));
    }
  }
  std::string secretFile(const std::string& name, std::string contents) {
    result_.secrets.push_back({name, base::Secret(std::move(contents))});
    return folder_ + '/' + name;
  }

  bool storage() {
    constexpr std::array kKnown = {"filesystem", "swift", "s3"};
    for (const char* driver : {"azure", "gcs", "oss", "inmemory"}) {
      if (old_.has(std::string("storage.") + driver)) {
        errors_.push_back({old_.lineOf(std::string("storage.") + driver),
                           std::string("storage.") + driver +
                               ": there is no such driver here; copy the images with skopeo sync instead"});
      }
    }
    std::vector<std::string> drivers;
    std::copy_if(kKnown.begin(), kKnown.end(), std::back_inserter(drivers),
                 [&](const std::string& driver) { return old_.has("storage." + driver); });
    if (errors_.empty() && drivers.size() != 1) {
      errors_.push_back({0, drivers.empty() ? "storage: it names no driver (filesystem, swift, s3)"
                                            : "storage: it names several drivers, and docker-registry takes one"});
    }
    if (!errors_.empty()) {
      return false;
    }
    add("storage", "  driver: " + drivers.front());
    add("storage", "  " + drivers.front() + ":");
    if (drivers.front() == "filesystem") {
      filesystem();
    } else if (drivers.front() == "swift") {
      swift();
    } else {
      s3();
    }
    return true;
  }

  void filesystem() {
    old_.take("storage.filesystem");  // written without settings
    const std::string root = old_.text("storage.filesystem.rootdirectory");
    addText("storage", "    root", root.empty() ? std::string(kDefaultRoot) : root);
    note(0, "storage.filesystem.rootdirectory",
         "give the folder to the service's user (chown -R docker-registry-ha:), and let the unit write to it "
         "(ReadWritePaths=, see the README)");
  }

  void swift() {
    const std::string root = "storage.swift.";
    const std::string url = old_.text(root + "authurl");
    const std::string version = old_.text(root + "authversion");
    const std::string domain = old_.text(root + "domain");
    const bool keystone = url.find("/v3") != std::string::npos || version == "3" || !domain.empty();
    addText("storage", "    auth_url", url);
    add("storage", keystone ? "    auth_version: 3" : "    auth_version: 1");
    if (version == "2" || url.find("/v2") != std::string::npos) {
      note(0, root + "authversion", "version 2 of Keystone's API is gone from OpenStack: use version 3");
    }
    addText("storage", "    user", old_.text(root + "username"));
    if (const std::string password = old_.text(root + "password"); !password.empty()) {
      addText("storage", "    password_file", secretFile("swift-password", password + '\n'));
    }
    addText("storage", "    project", old_.text(root + "tenant"));
    addText("storage", "    user_domain", domain);
    addText("storage", "    project_domain", domain);
    addText("storage", "    region", old_.text(root + "region"));
    addText("storage", "    endpoint_type", old_.text(root + "endpointtype"));
    addText("storage", "    container", old_.text(root + "container"));
    addText("storage", "    prefix", old_.text(root + "prefix"));
    if (const auto chunk = old_.take(root + "chunksize")) {
      note(chunk->line, root + "chunksize", "set storage.swift.segment_bytes if the default does not suit");
    }
  }

  void s3() {
    const std::string root = "storage.s3.";
    addText("storage", "    bucket", old_.text(root + "bucket"));
    addText("storage", "    region", old_.text(root + "region"));
    std::string endpoint = old_.text(root + "regionendpoint");
    if (!endpoint.empty() && endpoint.find("://") == std::string::npos) {
      endpoint = (old_.text(root + "secure") == "false" ? "http://" : "https://") + endpoint;
    }
    addText("storage", "    endpoint", endpoint);
    if (const auto pathStyle = old_.take(root + "forcepathstyle")) {
      add("storage", pathStyle->text == "false" ? "    path_style: false" : "    path_style: true");
    } else if (!endpoint.empty()) {
      add("storage", "    path_style: true");  // as docker-registry does then
    }
    std::string prefix = old_.text(root + "rootdirectory");
    prefix.erase(0, prefix.find_first_not_of('/'));
    prefix.erase(prefix.find_last_not_of('/') + 1);
    addText("storage", "    prefix", prefix);
    const std::string key = old_.text(root + "accesskey");
    const std::string secret = old_.text(root + "secretkey");
    if (!key.empty() && !secret.empty()) {
      addText("storage", "    credentials_file",
              secretFile("s3-credentials",
                         "[default]\naws_access_key_id = " + key + "\naws_secret_access_key = " + secret + '\n'));
    } else {
      note(0, root + "accesskey", "roles of the host are not used: give keys in storage.s3.credentials_file");
    }
  }

  void duration(const std::string& key, const std::string& name) {
    const auto value = old_.take(key);
    if (!value) {
      return;
    }
    // "168h"; Go also takes "1h30m".
    const std::size_t digits = std::min(value->text.find_first_not_of("0123456789"), value->text.size());
    const std::string unit = value->text.substr(digits);
    if (digits > 0 && (unit == "h" || unit == "m" || unit == "s")) {
      add("uploads", "  " + name + ": " + value->text);
    } else {
      note(value->line, key, "write it with one unit: uploads." + name);
    }
  }

  void uploads() {
    duration("storage.maintenance.uploadpurging.age", "purge_after");
    duration("storage.maintenance.uploadpurging.interval", "purge_interval");
  }

  // ":5000" and "localhost:5000" as lists of addresses; "" for what is none.
  static std::string listenOf(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    const std::string host = colon == std::string::npos ? address : address.substr(0, colon);
    const std::string port = colon == std::string::npos ? "5000" : address.substr(colon + 1);
    if (!base::parseUnsigned(port)) {
      return "";
    }
    if (host.empty()) {
      return "[\"0.0.0.0:" + port + "\", \"[::]:" + port + "\"]";
    }
    if (host == "localhost") {
      return "[\"127.0.0.1:" + port + "\"]";
    }
    const bool numeric = host.find_first_not_of("0123456789.") == std::string::npos || host.front() == '[';
    return numeric ? '[' + yamlText(host + ':' + port) + ']' : "";
  }

  void http() {
    const auto address = old_.take("http.addr");
    const std::string listen = listenOf(address ? address->text : ":5000");
    if (listen.empty()) {
      note(address->line, "http.addr", "give http.listen an IP address and a port");
    }
    const std::string certificate = old_.text("http.tls.certificate");
    const std::string key = old_.text("http.tls.key");
    const bool tls = !certificate.empty() && !key.empty();
    if (!listen.empty()) {
      add("http", tls ? "  listen: []" : "  listen: " + listen);
    }
    if (tls) {
      add("http", "  tls:");
      if (!listen.empty()) {
        add("http", "    listen: " + listen);
      }
      addText("http", "    certificate", certificate);
      addText("http", "    key", key);
      if (old_.text("http.tls.minimumtls") == "tls1.3") {
        add("http", "    min_version: \"1.3\"");
      }
    }
    if (const auto debug = old_.take("http.debug.addr")) {
      const std::string where = listenOf(debug->text);
      const std::size_t colon = debug->text.rfind(':');
      if (where.empty() || colon == std::string::npos) {
        note(debug->line, "http.debug.addr", "give http.debug_listen an IP address and a port");
      } else {
        const std::string host = debug->text.substr(0, colon);
        addText("http", "  debug_listen",
                (host.empty()          ? "0.0.0.0"
                 : host == "localhost" ? "127.0.0.1"
                                       : host) +
                    debug->text.substr(colon));
      }
    }
    if (const auto relative = old_.take("http.relativeurls"); relative && relative->text == "false") {
      note(relative->line, "http.relativeurls",
           "Locations are relative here, which fits any name and proxy; set "
           "http.relative_locations: false if a client needs them otherwise");
    }
  }

  void log() {
    const auto level = old_.take("log.level");
    constexpr std::array kLevels = {"error", "warn", "info", "debug"};
    if (level && std::find(kLevels.begin(), kLevels.end(), level->text) != kLevels.end()) {
      add("log", "  level: " + level->text);
    } else if (level) {
      note(level->line, "log.level", "levels are error, warn, info and debug");
    }
    if (old_.isTrue("log.accesslog.disabled")) {
      add("log", "  access: false");
    }
  }

  void access() {
    TranslatedConfig::Access& access = result_.access;
    access.deletes = old_.isTrue("storage.delete.enabled");
    access.htpasswdFile = old_.text("auth.htpasswd.path");
    access.realm = old_.text("auth.htpasswd.realm");
    old_.take("storage.maintenance.readonly.enabled");
    note(0, "",
         "access.yaml begins in read-only mode; when the storage is taken over, set mode.read_only to false and "
         "run registry-acl-reloader");
    note(0, "auth",
         access.htpasswdFile.empty()
             ? "docker-registry asked for no password: write into access.yaml who may push (its accounts, "
               "and what the proxy in front allowed)"
             : "write the hosts that push into access.yaml (uploaders): without them no account may push");
    note(0, "",
         "docker-registry also takes settings from its environment (REGISTRY_STORAGE_…, in its unit or "
         "/etc/default): they are not seen here");
  }

  OldSettings old_;
  std::string folder_;
  std::map<std::string, std::string> sections_;
  SettingErrors errors_;
  TranslatedConfig result_;
};

// "name:hash" lines, without comments.
std::vector<std::pair<std::string_view, std::string_view>> accountsOf(std::string_view htpasswd) {
  std::vector<std::pair<std::string_view, std::string_view>> accounts;
  for (const auto line : base::split(htpasswd, '\n')) {
    const auto text = base::trim(line.substr(0, line.find('\r')));
    const std::size_t colon = text.find(':');
    if (!text.starts_with('#') && colon != std::string_view::npos && colon > 0) {
      accounts.emplace_back(text.substr(0, colon), text.substr(colon + 1));
    }
  }
  return accounts;
}

}  // namespace

std::string accessText(const TranslatedConfig::Access& access, std::string_view htpasswd) {
  const auto accounts = accountsOf(htpasswd);
  std::string out =
      "# Made from the configuration of docker-registry.\n"
      "mode:\n  read_only: true  # until the storage is taken over\n";
  std::string names;
  out += accounts.empty() ? "" : "accounts:\n";
  for (const auto& [name, hash] : accounts) {
    out += "  " + yamlText(name) + ": {password_hashes: [" + yamlText(hash) + "]}\n";
    names += (names.empty() ? "" : ", ") + yamlText(name);
  }
  out +=
      "# uploaders:  # the hosts that push, with the accounts that may do so from there\n"
      "#   - {host: build.example.org, addresses: [192.0.2.1], accounts: [" +
      names +
      "]}\n"
      "rules:\n  - namespace: \"\"\n";
  // docker-registry asks for a password for pulls, too.
  out += access.htpasswdFile.empty() ? "    pull: anonymous\n" : "    pull: [" + names + "]\n";
  out += "    push: [" + names + "]\n";
  out += access.deletes ? "" : "    delete: []  # docker-registry had storage.delete.enabled: false\n";
  if (!access.realm.empty()) {
    out += "    realm: {pull: " + yamlText(access.realm) + ", push: " + yamlText(access.realm) + "}\n";
  }
  // And for its catalogue: without this, what only accounts may pull is listed to nobody.
  out += access.htpasswdFile.empty() ? "" : "catalog: {allow: [" + names + "]}\n";
  return out;
}

base::Result<TranslatedConfig, SettingErrors> translateDistributionConfig(std::string_view yaml,
                                                                          const std::string& folder) {
  auto document = loadYaml(yaml);
  if (!document) {
    return base::fail(SettingErrors{document.error()});
  }
  if (!*document || !(*document)->IsMap()) {
    return base::fail(SettingErrors{{1, "the file must hold one map with version, storage, http …"}});
  }
  OldSettings old;
  old.read(**document);
  return Translator(std::move(old), folder).translate();
}

}  // namespace rha::config
