#include "config/value_reader.h"

#include <algorithm>

#include "base/text.h"
#include "config/value_text.h"

namespace rha::config {
namespace {

constexpr std::size_t kMostItems = 64;

// One call of readValue(): what its parts share.
class ValueReader final {
 public:
  ValueReader(const Setting& setting, StartupSettings& settings, const ValueChecks& checks, const Complain& complain)
      : setting_(setting), settings_(settings), checks_(checks), complain_(complain) {}

  void read(const YAML::Node& node) {
    if (setting_.type == SettingType::AddressList) {
      readList(node, "addresses such as [\"127.0.0.1:5000\"]", checks_.address);
    } else if (setting_.type == SettingType::NetworkList) {
      readList(node, "networks such as [\"10.0.0.0/8\"]", checks_.network);
    } else if (setting_.type == SettingType::CertificateList) {
      readCertificates(node);
    } else if (!node.IsScalar()) {
      complain(node, "must be " + std::string(describe(setting_.type)) + ", not a " + (node.IsMap() ? "map" : "list"));
    } else {
      readScalar(node);
    }
  }

 private:
  void complain(const YAML::Node& at, const std::string& text) const {
    complain_(at, std::string(setting_.path) + " " + text);
  }

  template <typename T>
  T& field() const {
    return std::get<T& (*)(StartupSettings&)>(setting_.field)(settings_);
  }

  void readScalar(const YAML::Node& node) const {
    switch (setting_.type) {
      case SettingType::Boolean:
        return readBoolean(node);
      case SettingType::Choice:
        return readChoice(node);
      case SettingType::Count:
        return readCount(node);
      case SettingType::Size:
        return readSize(node);
      case SettingType::Duration:
        return readDuration(node);
      case SettingType::Path:
      case SettingType::OptionalPath:
        return readPath(node);
      case SettingType::OptionalAddress:
        return readAddress(node);
      case SettingType::OptionalHost:
        return readHost(node);
      case SettingType::Text:
        return readText(node);
      case SettingType::OptionalUrl:
        return readUrl(node);
      case SettingType::AddressList:
      case SettingType::NetworkList:
      case SettingType::CertificateList:
      case SettingType::RouteList:
        return;  // never a scalar's type
    }
  }

  void readBoolean(const YAML::Node& node) const {
    if (node.Scalar() != "true" && node.Scalar() != "false") {
      return complain(node, "must be true or false, not " + inQuotes(node.Scalar()));
    }
    field<bool>() = node.Scalar() == "true";
  }

  void readChoice(const YAML::Node& node) const {
    if (std::find(setting_.choices.begin(), setting_.choices.end(), node.Scalar()) == setting_.choices.end()) {
      return complain(node, "must be " + joinWords(setting_.choices) + ", not " + inQuotes(node.Scalar()));
    }
    field<std::string>() = node.Scalar();
  }

  void readCount(const YAML::Node& node) const {
    const auto value = base::parseUnsigned(node.Scalar());
    if (!value) {
      return complain(node, "must be a number, not " + inQuotes(node.Scalar()));
    }
    if (*value < setting_.least || *value > setting_.most) {
      return complain(node, "must be between " + std::to_string(setting_.least) + " and " +
                                std::to_string(setting_.most) + ", not " + inQuotes(node.Scalar()));
    }
    field<std::uint64_t>() = *value;
  }

  void readSize(const YAML::Node& node) const {
    const auto value = parseSize(node.Scalar());
    if (!value) {
      return complain(node, "must be a size such as 4194304, 512KiB, 4MiB or 2GiB, not " + inQuotes(node.Scalar()));
    }
    if (*value < setting_.least || *value > setting_.most) {
      return complain(node, "must be between " + formatSize(setting_.least) + " and " + formatSize(setting_.most) +
                                ", not " + inQuotes(node.Scalar()));
    }
    field<std::uint64_t>() = *value;
  }

  void readDuration(const YAML::Node& node) const {
    const auto value = parseDuration(node.Scalar());
    if (!value) {
      return complain(node, "must be a duration such as 500ms, 60s, 5m, 24h or 7d, not " + inQuotes(node.Scalar()));
    }
    const std::chrono::milliseconds least(static_cast<std::int64_t>(setting_.least));
    const std::chrono::milliseconds most(static_cast<std::int64_t>(setting_.most));
    if (*value < least || *value > most) {
      return complain(node, "must be between " + formatDuration(least) + " and " + formatDuration(most) + ", not " +
                                inQuotes(node.Scalar()));
    }
    field<std::chrono::milliseconds>() = *value;
  }

  void readPath(const YAML::Node& node) const {
    const std::string& text = node.Scalar();
    if (text.empty() && setting_.type == SettingType::OptionalPath) {
      field<std::string>().clear();
    } else if (text.empty() || text.front() != '/') {
      complain(node, "must be an absolute path, not " + inQuotes(text));
    } else if (text.size() > setting_.most) {
      complain(node,
               "must be at most " + std::to_string(setting_.most) + " bytes long, not " + std::to_string(text.size()));
    } else if (text.find('\0') != std::string::npos) {
      complain(node, "must not contain a NUL byte");
    } else {
      field<std::string>() = text;
    }
  }

  void readHost(const YAML::Node& node) const {
    constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]";
    const std::string& text = node.Scalar();
    if (text.size() > setting_.most || text.find_first_not_of(kAllowed) != std::string::npos) {
      return complain(node, "must be a host name, with :PORT if needed, not " + inQuotes(text));
    }
    field<std::string>() = text;
  }

  void readText(const YAML::Node& node) const {
    const std::string& text = node.Scalar();
    const auto isControl = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (text.size() < setting_.least || text.size() > setting_.most) {
      complain(node, "must be between " + std::to_string(setting_.least) + " and " + std::to_string(setting_.most) +
                         " bytes long, not " + std::to_string(text.size()));
    } else if (std::any_of(text.begin(), text.end(), isControl)) {
      complain(node, "must be one line without control characters");
    } else {
      field<std::string>() = text;
    }
  }

  void readUrl(const YAML::Node& node) const {
    const std::string& text = node.Scalar();
    const std::size_t host = text.find("://") == std::string::npos ? text.size() : text.find("://") + 3;
    const bool known = text.starts_with("http://") || text.starts_with("https://");
    if (!text.empty() && (!known || host >= text.size() || text[host] == '/')) {
      complain(node, "must be a URL such as https://host/path, not " + inQuotes(text));
    } else if (text.find('@') != std::string::npos) {
      complain(node, "must not hold a user or password");
    } else {
      readText(node);
    }
  }

  void readAddress(const YAML::Node& node) const {
    const std::string& text = node.Scalar();
    if (const auto fault = text.empty() ? std::nullopt : checks_.address(text)) {
      return complain(node, *fault);
    }
    field<std::string>() = text;
  }

  // False, and told, when it is no list of at most kMostItems.
  bool isGoodList(const YAML::Node& node, const std::string& what) const {
    if (!node.IsSequence()) {
      complain(node, "must be a list of " + what);
    } else if (node.size() > kMostItems) {
      complain(node, "must hold at most " + std::to_string(kMostItems) + " items, not " + std::to_string(node.size()));
    } else {
      return true;
    }
    return false;
  }

  void readList(const YAML::Node& node, const std::string& what, const TextCheck& check) const {
    if (!isGoodList(node, what)) {
      return;
    }
    std::vector<std::string> items;
    for (const YAML::Node& item : node) {
      if (!item.IsScalar()) {
        complain(item, "must be a list of " + what);
      } else if (const auto fault = check(item.Scalar())) {
        complain(item, *fault);
      } else if (std::find(items.begin(), items.end(), item.Scalar()) != items.end()) {
        complain(item, "names " + inQuotes(item.Scalar()) + " twice");
      } else {
        items.push_back(item.Scalar());
      }
    }
    field<std::vector<std::string>>() = std::move(items);
  }

  void readCertificates(const YAML::Node& node) const {
    static const std::string kWhat = "certificates such as [{certificate: /etc/ssl/a.pem, key: /etc/ssl/a.key}]";
    if (!isGoodList(node, kWhat)) {
      return;
    }
    std::vector<CertificatePair> pairs;
    for (const YAML::Node& item : node) {
      CertificatePair pair;
      if (!item.IsMap()) {
        complain(item, "must be a list of " + kWhat);
        continue;
      }
      for (const auto& entry : item) {
        const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
        std::string* const path = key == "certificate" ? &pair.certificate : key == "key" ? &pair.key : nullptr;
        if (path == nullptr) {
          complain(entry.first, "knows only certificate and key, not " + inQuotes(key));
        } else if (!entry.second.IsScalar() || !entry.second.Scalar().starts_with('/')) {
          complain(entry.second, "must name the file of the " + key + " by an absolute path");
        } else {
          *path = entry.second.Scalar();
        }
      }
      if (item["certificate"].IsDefined() && item["key"].IsDefined()) {
        pairs.push_back(std::move(pair));
      } else {
        complain(item, "must name both certificate and key");
      }
    }
    field<std::vector<CertificatePair>>() = std::move(pairs);
  }

  const Setting& setting_;
  StartupSettings& settings_;
  const ValueChecks& checks_;
  const Complain& complain_;
};

}  // namespace

void readValue(const Setting& setting, const YAML::Node& node, StartupSettings& settings, const ValueChecks& checks,
               const Complain& complain) {
  ValueReader(setting, settings, checks, complain).read(node);
}

std::string inQuotes(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  std::string out = "\"";
  for (const char c : text.substr(0, kLongest)) {
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return out + (text.size() > kLongest ? "...\"" : "\"");
}

std::string joinWords(const std::vector<std::string_view>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) {
      out += i + 1 == words.size() ? " or " : ", ";
    }
    out += words[i];
  }
  return out;
}

}  // namespace rha::config
