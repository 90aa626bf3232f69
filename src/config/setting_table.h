// The table of settings: one row each, from which the parser, the check, `--dump-config` and the manual are made.
//
// Constant data; thread-safe. The default of a setting is the one its field in StartupSettings has.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/settings.h"

namespace rha::config {

enum class SettingType : std::uint8_t {
  Boolean,
  Choice,           // one of Setting::choices
  Count,            // a number
  Size,             // bytes, or with KiB, MiB, GiB, TiB
  Duration,         // with ms, s, m, h or d
  Path,             // absolute
  OptionalPath,     // absolute, or ""
  OptionalAddress,  // IP:PORT, or ""
  OptionalHost,     // HOST or HOST:PORT, or ""
  AddressList,      // of IP:PORT
  NetworkList,      // of networks such as 10.0.0.0/8
  CertificateList,  // of maps of certificate and key, absolute paths both
  RouteList,        // of maps of name, namespaces and the settings of a storage
  Text,             // one line
  OptionalUrl,      // http://… or https://…, or ""
};

enum class Reloadable : std::uint8_t { No, Yes };

// Where the value lies. The alternative fits the type: Count and Size are numbers; choices, paths and addresses text.
using SettingField =
    std::variant<bool& (*)(StartupSettings&), std::uint64_t& (*)(StartupSettings&), std::string& (*)(StartupSettings&),
                 std::chrono::milliseconds& (*)(StartupSettings&), std::vector<std::string>& (*)(StartupSettings&),
                 std::vector<CertificatePair>& (*)(StartupSettings&), std::vector<StorageRoute>& (*)(StartupSettings&)>;

struct Setting {
  std::string_view path;  // "storage.filesystem.root"
  SettingType type;
  SettingField field;
  // Smallest and largest value: a number, bytes, milliseconds, or the length of a path or text.
  std::uint64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::string_view> choices = {};
  std::string_view help;  // for the manual: whole sentences
  std::string_view since;
  Reloadable reloadable = Reloadable::No;
};

// In the order of the manual; the rows of a section stand together.
std::span<const Setting> allSettings();

// What the manual calls the values of a type: "a size", "true or false" …
std::string_view describe(SettingType type);

}  // namespace rha::config
