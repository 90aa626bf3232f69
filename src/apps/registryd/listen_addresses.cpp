#include "apps/registryd/listen_addresses.h"

#include <array>
#include <vector>

#include "base/text.h"

namespace rha::registryd {
namespace {

constexpr std::string_view kPassed = "passed";
constexpr std::size_t kKinds = 3;

std::string joined(const std::vector<std::string>& addresses) {
  std::string text;
  for (const std::string& address : addresses) {
    text += (text.empty() ? "" : ",") + address;
  }
  return text;
}

}  // namespace

std::string listenAddresses(const config::HttpSettings& settings, const SystemSockets& sockets,
                            std::optional<std::string_view> predecessor) {
  const bool speaksTls = !settings.tls.first.certificate.empty();
  const std::array<bool, kKinds> wanted{true, speaksTls, true};
  const std::array<bool, kKinds> given{!sockets.http.empty(), !sockets.https.empty(), !sockets.debug.empty()};
  const std::array<std::string, kKinds> said{joined(settings.listen), joined(settings.tls.listen),
                                             settings.debugListen};
  const auto before = base::split(predecessor.value_or(""), '|');
  std::string text;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    const bool passed = predecessor ? kind < before.size() && before[kind] == kPassed : given[kind];
    text += kind == 0 ? "" : "|";
    if (wanted[kind]) {
      text += passed ? std::string(kPassed) : said[kind];
    }
  }
  return text;
}

bool listenAlike(std::string_view predecessor, std::string_view own) {
  const auto before = base::split(predecessor, '|');
  const auto now = base::split(own, '|');
  for (std::size_t kind = 0; kind < before.size() && kind < now.size(); ++kind) {
    if (!before[kind].empty() && before[kind] != now[kind]) {
      return false;
    }
  }
  return true;
}

}  // namespace rha::registryd
