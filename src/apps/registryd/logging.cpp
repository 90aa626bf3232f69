#include "apps/registryd/logging.h"

#include <unistd.h>

#include <cstdlib>

namespace rha::registryd {

base::Logger makeAuditLogger() {
  return base::Logger({.descriptor = STDERR_FILENO,
                       .level = base::LogLevel::Info,
                       .systemdPrefix = std::getenv("JOURNAL_STREAM") != nullptr});
}

base::Logger makeLogger(const config::LogSettings& settings) {
  base::Logger::Options options;
  options.descriptor = STDERR_FILENO;
  for (const auto level : {base::LogLevel::Error, base::LogLevel::Warn, base::LogLevel::Info, base::LogLevel::Debug}) {
    if (settings.level == base::toString(level)) {
      options.level = level;
    }
  }
  options.systemdPrefix = std::getenv("JOURNAL_STREAM") != nullptr;
  return base::Logger(options);
}

}  // namespace rha::registryd
