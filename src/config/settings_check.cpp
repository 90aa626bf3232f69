#include "config/settings_check.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "config/route_check.h"
#include "config/setting_table.h"
#include "config/value_reader.h"
#include "config/value_text.h"
#include "config/yaml_text.h"

namespace rha::config {
namespace {

constexpr std::uint64_t kLargestFile = 1024 * 1024;

std::string joinPath(std::string_view section, std::string_view key) {
  return section.empty() ? std::string(key) : std::string(section) + '.' + std::string(key);
}

const Setting* findSetting(std::string_view path) {
  for (const Setting& setting : allSettings()) {
    if (setting.path == path) {
      return &setting;
    }
  }
  return nullptr;
}

// The keys that may stand directly in a section ("" is the top).
std::vector<std::string_view> keysOf(std::string_view section) {
  std::vector<std::string_view> keys;
  const std::string prefix = section.empty() ? "" : std::string(section) + '.';
  for (const Setting& setting : allSettings()) {
    if (setting.path.starts_with(prefix)) {
      const std::string_view rest = setting.path.substr(prefix.size());
      const std::string_view key = rest.substr(0, rest.find('.'));
      if (keys.empty() || keys.back() != key) {
        keys.push_back(key);
      }
    }
  }
  return keys;
}

// What the operator may have meant: a near key of the same section, or the same key of another.
std::string suggestion(std::string_view section, std::string_view key) {
  const std::string_view near = base::nearest(key, keysOf(section));
  if (!near.empty()) {
    return joinPath(section, near);
  }
  for (const Setting& setting : allSettings()) {
    if (setting.path.substr(setting.path.rfind('.') + 1) == key) {
      return std::string(setting.path);
    }
  }
  return "";
}

class SettingsCheck final {
 public:
  explicit SettingsCheck(const ValueChecks& checks) : checks_(checks) {}

  void checkText(std::string_view yaml) {
    auto document = loadYaml(yaml);
    if (!document) {
      errors_.push_back(std::move(document).error());
    } else if (*document) {
      checkSection(**document, "");
    }
    checkTogether();
  }

  base::Result<StartupSettings, SettingErrors> result() && {
    if (errors_.empty()) {
      return std::move(settings_);
    }
    std::stable_sort(errors_.begin(), errors_.end(),
                     [](const SettingError& a, const SettingError& b) { return a.line < b.line; });
    return base::fail(std::move(errors_));
  }

 private:
  void complain(const YAML::Node& at, std::string text) { errors_.push_back({at.Mark().line + 1, std::move(text)}); }

  void checkSection(const YAML::Node& node, const std::string& section) {
    if (node.IsNull()) {
      return;
    }
    if (!node.IsMap()) {
      return complain(node,
                      (section.empty() ? "the file" : section) + " must be a map of " + joinWords(keysOf(section)));
    }
    std::set<std::string> seen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        complain(entry.first, "a key must be a word");
        continue;
      }
      const std::string& key = entry.first.Scalar();
      if (!seen.insert(key).second) {
        complain(entry.first, "duplicate key " + inQuotes(joinPath(section, key)));
        continue;
      }
      checkEntry(entry.first, entry.second, section);
    }
  }

  void checkEntry(const YAML::Node& key, const YAML::Node& value, const std::string& section) {
    const std::string path = joinPath(section, key.Scalar());
    if (const Setting* setting = findSetting(path)) {
      lines_[path] = key.Mark().line + 1;
      if (setting->type == SettingType::RouteList) {
        checkRoutes(value);
      } else if (!value.IsNull()) {
        readValue(*setting, value, settings_, checks_,
                  [this](const YAML::Node& at, std::string text) { complain(at, std::move(text)); });
      }
    } else if (key.Scalar().find('.') == std::string::npos && !keysOf(path).empty()) {
      checkSection(value, path);
    } else {
      const std::string meant = suggestion(section, key.Scalar());
      complain(key,
               "unknown key " + inQuotes(path) + (meant.empty() ? "" : " (did you mean " + inQuotes(meant) + "?)"));
    }
  }

  void checkRoutes(const YAML::Node& list) {
    const Complain complain = [this](const YAML::Node& at, std::string text) { this->complain(at, std::move(text)); };
    for (const RouteEntry& entry : readRoutes(list, complain)) {
      checkRoute(entry);
    }
  }

  // The settings of a route are those of the section storage, read by the same rows.
  void checkRoute(const RouteEntry& entry) {
    SettingsCheck inner(checks_);
    inner.settings_.storage.driver.clear();
    for (const auto& [key, value] : entry.settings) {
      inner.checkEntry(key, value, "storage");
    }
    if (inner.settings_.storage.driver.empty() && inner.errors_.empty()) {
      complain(entry.node, "storage.driver must be set in each of storage.routes");
    } else {
      inner.lines_.emplace("storage.driver", entry.node.Mark().line + 1);
      inner.checkSwift();
      inner.checkS3();
    }
    for (const SettingError& error : inner.errors_) {
      errors_.push_back({error.line, "storage.routes: " + inQuotes(entry.name) + ": " + error.text});
    }
    settings_.storageRoutes.push_back({entry.name, entry.namespaces, inner.settings_.storage});
  }

  // What no single value shows. The line is that of whichever setting the file names.
  void checkTogether() {
    checkListening(settings_.http);
    checkTls(settings_.http.tls);
    if (settings_.limits.bodyBudgetBytes < settings_.limits.bodyBufferBytes) {
      complainAt({"limits.body_budget_bytes", "limits.body_buffer_bytes"},
                 "limits.body_budget_bytes (" + formatSize(settings_.limits.bodyBudgetBytes) +
                     ") must not be less than limits.body_buffer_bytes (" +
                     formatSize(settings_.limits.bodyBufferBytes) + ")");
    }
    checkSwift();
    checkS3();
    for (const std::string& fault : faultsOfRoutes(settings_.storage, settings_.storageRoutes)) {
      complainAt({"storage.routes"}, fault);
    }
  }

  void checkSwift() {
    const SwiftSettings& swift = settings_.storage.swift;
    if (settings_.storage.driver != "swift") {
      return;
    }
    const auto require = [this](std::string_view path, const std::string& value) {
      if (value.empty()) {
        complainAt({path, "storage.driver"}, std::string(path) + " must be set with storage.driver swift");
      }
    };
    require("storage.swift.auth_url", swift.authUrl);
    require("storage.swift.user", swift.user);
    require("storage.swift.password_file", swift.passwordFile);
    require("storage.swift.container", swift.container);
    if (swift.authVersion == "3") {
      require("storage.swift.project", swift.project);
    } else if (!swift.user.empty() && swift.user.find(':') == std::string::npos) {
      complainAt({"storage.swift.user"},
                 "storage.swift.user must be ACCOUNT:USER with auth_version 1, not " + inQuotes(swift.user));
    }
    if (swift.container.find('/') != std::string::npos) {
      complainAt({"storage.swift.container"}, "storage.swift.container must not contain a slash");
    }
    if (swift.spoolBytes < swift.segmentBytes) {
      complainAt({"storage.swift.spool_bytes", "storage.swift.segment_bytes", "storage.driver"},
                 "storage.swift.spool_bytes (" + formatSize(swift.spoolBytes) +
                     ") must not be less than storage.swift.segment_bytes (" + formatSize(swift.segmentBytes) + ")");
    }
  }

  void checkS3() {
    const S3Settings& s3 = settings_.storage.s3;
    if (settings_.storage.driver != "s3") {
      return;
    }
    for (const auto& [path, value] :
         {std::pair("storage.s3.bucket", &s3.bucket), {"storage.s3.credentials_file", &s3.credentialsFile}}) {
      if (value->empty()) {
        complainAt({path, "storage.driver"}, std::string(path) + " must be set with storage.driver s3");
      }
    }
    if (s3.bucket.find('/') != std::string::npos) {
      complainAt({"storage.s3.bucket"}, "storage.s3.bucket must not contain a slash");
    }
    if (s3.prefix.starts_with('/') || s3.prefix.ends_with('/')) {
      complainAt({"storage.s3.prefix"}, "storage.s3.prefix must not begin or end with a slash");
    }
    if (s3.endpoint.find_first_of("?#") != std::string::npos) {
      complainAt({"storage.s3.endpoint"}, "storage.s3.endpoint must be https://HOST[:PORT], without a query");
    }
    if (s3.spoolBytes < s3.partBytes) {
      complainAt({"storage.s3.spool_bytes", "storage.s3.part_bytes", "storage.driver"},
                 "storage.s3.spool_bytes (" + formatSize(s3.spoolBytes) +
                     ") must not be less than storage.s3.part_bytes (" + formatSize(s3.partBytes) + ")");
    }
  }

  void checkListening(const HttpSettings& http) {
    const auto has = [](const std::vector<std::string>& list, const std::string& address) {
      return std::find(list.begin(), list.end(), address) != list.end();
    };
    for (const auto& [path, list] : {std::pair("http.listen", &http.listen), {"http.tls.listen", &http.tls.listen}}) {
      if (has(*list, http.debugListen)) {
        complainAt({"http.debug_listen", path}, std::string("http.debug_listen must not be one of ") + path + " (" +
                                                    inQuotes(http.debugListen) + ")");
      }
    }
    for (const std::string& address : http.tls.listen) {
      if (has(http.listen, address)) {
        complainAt({"http.tls.listen"},
                   "http.tls.listen and http.listen both name " + inQuotes(address) + "; a port speaks one of them");
      }
    }
    if (http.listen.empty() && http.tls.listen.empty()) {
      complainAt({"http.listen"}, "http.listen is empty, and so is http.tls.listen: name an address in one of them");
    }
  }

  void checkTls(const TlsSettings& tls) {
    if (tls.first.certificate.empty() != tls.first.key.empty()) {
      complainAt({"http.tls.certificate", "http.tls.key"},
                 tls.first.key.empty() ? "http.tls.certificate needs http.tls.key, the file of its private key"
                                       : "http.tls.key needs http.tls.certificate, the file of its certificate");
    } else if (tls.first.certificate.empty() && !tls.certificates.empty()) {
      complainAt({"http.tls.certificates"},
                 "http.tls.certificates needs http.tls.certificate and http.tls.key, which are shown to clients whose "
                 "name none has");
    } else if (tls.first.certificate.empty() && !tls.listen.empty()) {
      complainAt({"http.tls.listen"}, "http.tls.listen needs http.tls.certificate and http.tls.key");
    }
  }

  void complainAt(std::initializer_list<std::string_view> paths, std::string text) {
    for (const std::string_view path : paths) {
      if (const auto line = lines_.find(path); line != lines_.end()) {
        errors_.push_back({line->second, std::move(text)});
        return;
      }
    }
  }

  const ValueChecks& checks_;
  StartupSettings settings_;
  SettingErrors errors_;
  std::map<std::string, int, std::less<>> lines_;  // of the settings that the file names
};

}  // namespace

base::Result<StartupSettings, SettingErrors> checkSettings(std::string_view yaml, const ValueChecks& checks) {
  SettingsCheck check(checks);
  check.checkText(yaml);
  return std::move(check).result();
}

base::Result<StartupSettings, SettingErrors> loadSettings(const std::filesystem::path& path,
                                                          const ValueChecks& checks) {
  try {
    const auto text = base::readFile(path, kLargestFile);
    if (!text) {
      return base::fail(SettingErrors{{0, "there is no such file"}});
    }
    return checkSettings(*text, checks);
  } catch (const base::IoError& error) {
    return base::fail(SettingErrors{{0, "cannot be read: " + error.code().message()}});
  } catch (const std::length_error&) {
    return base::fail(SettingErrors{{0, "is larger than 1 MiB; this cannot be a settings file"}});
  }
}

std::string toText(const std::filesystem::path& path, const SettingError& error) {
  return path.string() + (error.line > 0 ? ":" + std::to_string(error.line) : "") + ": " + error.text;
}

}  // namespace rha::config
