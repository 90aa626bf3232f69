#include "config/setting_table.h"

#include "config/setting_rows.h"

namespace rha::config {
namespace {

std::vector<Setting> makeTable() {
  std::vector<Setting> table;
  for (auto* part : {rows::http, rows::connections, rows::tls, rows::storage, rows::swiftAccess, rows::swift,
                     rows::s3Access, rows::s3, rows::index, rows::limits, rows::caches, rows::other, rows::homepage}) {
    for (Setting& setting : part()) {
      table.push_back(std::move(setting));
    }
  }
  return table;
}

}  // namespace

std::span<const Setting> allSettings() {
  static const std::vector<Setting> table = makeTable();
  return table;
}

std::string_view describe(SettingType type) {
  switch (type) {
    case SettingType::Boolean:
      return "true or false";
    case SettingType::Choice:
      return "a word";
    case SettingType::Count:
      return "a number";
    case SettingType::Size:
      return "a size";
    case SettingType::Duration:
      return "a duration";
    case SettingType::Path:
      return "an absolute path";
    case SettingType::OptionalPath:
      return "an absolute path or \"\"";
    case SettingType::OptionalAddress:
      return "an address or \"\"";
    case SettingType::OptionalHost:
      return "a host name or \"\"";
    case SettingType::AddressList:
      return "a list of addresses";
    case SettingType::NetworkList:
      return "a list of networks";
    case SettingType::CertificateList:
      return "a list of certificates";
    case SettingType::RouteList:
      return "a list of storages";
    case SettingType::Text:
      return "a text";
    case SettingType::OptionalUrl:
      return "a URL or \"\"";
  }
  return "";
}

}  // namespace rha::config
