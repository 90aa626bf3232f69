#include "base/log.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>

namespace rha::base {
namespace {

// journald cuts a line at 48 KiB and takes what follows for a line of its own, which a client could then word. Values
// are cut well before that, lines in any case.
constexpr std::size_t kMaxValue = 4096;
constexpr std::size_t kMaxLine = 40000;
constexpr std::string_view kCutMark = "...";

bool isPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == ':';
}

// Non-ASCII bytes are escaped too: one invalid UTF-8 sequence would make journald show the whole line as blob data.
void appendEscaped(std::string& line, char c) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    line += '\\';
    line += c;
  } else if (c == '\n') {
    line += "\\n";
  } else if (c == '\r') {
    line += "\\r";
  } else if (c == '\t') {
    line += "\\t";
  } else if (byte < 0x20 || byte >= 0x7f) {
    line += "\\x";
    line += kHex[byte >> 4];
    line += kHex[byte & 0xfU];
  } else {
    line += c;
  }
}

std::string_view systemdPriority(LogLevel level) {
  switch (level) {
    case LogLevel::Error:
      return "<3>";
    case LogLevel::Warn:
      return "<4>";
    case LogLevel::Info:
      return "<6>";
    case LogLevel::Debug:
      break;
  }
  return "<7>";
}

}  // namespace

std::string_view toString(LogLevel level) {
  switch (level) {
    case LogLevel::Error:
      return "error";
    case LogLevel::Warn:
      return "warn";
    case LogLevel::Info:
      return "info";
    case LogLevel::Debug:
      break;
  }
  return "debug";
}

void appendLogField(std::string& line, std::string_view key, std::string_view value) {
  if (!line.empty()) {
    line += ' ';
  }
  line += key;
  line += '=';
  const bool cut = value.size() > kMaxValue;
  value = value.substr(0, kMaxValue);
  if (!cut && !value.empty() && std::all_of(value.begin(), value.end(), isPlain)) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    appendEscaped(line, c);
  }
  if (cut) {
    line += kCutMark;
  }
  line += '"';
}

void Logger::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) const {
  if (!enabled(level)) {
    return;
  }
  try {
    std::string line;
    appendLogField(line, "event", event);
    for (const LogField& field : fields) {
      appendLogField(line, field.key, field.value);
    }
    writeLine(level, line);
  } catch (const std::exception&) {
    // Out of memory: the line is dropped, as the header says.
  }
}

void Logger::writeLine(LogLevel level, std::string_view line) const {
  if (!enabled(level)) {
    return;
  }
  try {
    std::string text;
    text.reserve(std::min(line.size(), kMaxLine) + 24);
    if (options_.systemdPrefix) {
      text += systemdPriority(level);
    }
    text += "level=";
    text += toString(level);
    text += ' ';
    text += line.substr(0, kMaxLine);
    if (line.size() > kMaxLine) {
      text += kCutMark;
    }
    text += '\n';
    while (::write(options_.descriptor, text.data(), text.size()) < 0 && errno == EINTR) {
    }
  } catch (const std::exception&) {
    // As above.
  }
}

}  // namespace rha::base
