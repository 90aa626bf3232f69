// Logger: one event per line, key=value, to a descriptor (stderr, where journald reads it).
//
//   level=info event=start version=0.1.0 listen=127.0.0.1:5000
//   level=info event=request id=9f… method=GET path="/v2/" status=200 bytes_out=2 ms=0.2
//
// Levels: error = someone must act, warn = may have to, info = life cycle and requests, debug = the rest.
// A value is quoted (and its quotes, backslashes, control and non-ASCII characters escaped) when it is not plain, so a
// client cannot forge a line; one beyond 4 KiB is cut and ends in "...". Thread-safe: a line is one write(2). Never
// throws; a line that cannot be written is dropped.
// Lines begin with sd-daemon's "<N>" priority prefix when `systemdPrefix` is set.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace rha::base {

enum class LogLevel : std::uint8_t { Error, Warn, Info, Debug };

// One key and its value as text. Numbers and booleans convert; a Secret does not.
struct LogField {
  std::string_view key;
  std::string value;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) LogField(std::string_view k, T v) : key(k), value(std::to_string(v)) {}
};

class Logger final {
 public:
  struct Options {
    int descriptor = 2;
    LogLevel level = LogLevel::Info;
    bool systemdPrefix = false;
  };
  Logger() = default;
  explicit Logger(Options options) : options_(options) {}

  [[nodiscard]] bool enabled(LogLevel level) const { return level <= options_.level; }
  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) const;
  // As write(), for a line that somebody else formatted with appendLogField(), event first; "level=…" is put before it.
  void writeLine(LogLevel level, std::string_view line) const;

  void error(std::string_view event, std::initializer_list<LogField> fields) const {
    write(LogLevel::Error, event, fields);
  }
  void warn(std::string_view event, std::initializer_list<LogField> fields) const {
    write(LogLevel::Warn, event, fields);
  }
  void info(std::string_view event, std::initializer_list<LogField> fields) const {
    write(LogLevel::Info, event, fields);
  }
  void debug(std::string_view event, std::initializer_list<LogField> fields) const {
    write(LogLevel::Debug, event, fields);
  }

 private:
  Options options_;
};

// Appends " key=value" (no leading blank when `line` is empty), quoting the value when needed.
void appendLogField(std::string& line, std::string_view key, std::string_view value);
// "error", "warn", "info", "debug".
std::string_view toString(LogLevel level);

}  // namespace rha::base
