// parseAccess(): the text of access.yaml as an AccessDocument, or every error in it at once.
//
// Pure; thread-safe. Messages are for the operator; they never quote a password hash.
#pragma once

#include <cstdint>
#include <string_view>

#include "access/access_document.h"
#include "base/result.h"
#include "config/settings_check.h"

namespace rha::access {

inline constexpr std::uint64_t kLargestAccessFile = 4 * 1024 * 1024;

base::Result<AccessDocument, config::SettingErrors> parseAccess(std::string_view yaml);

}  // namespace rha::access
