// Connection and Query: SQLite behind types. A Connection owns the database handle and its prepared statements; a Query
// is one use of a prepared statement.
//
//   auto query = connection.query("SELECT name FROM tag WHERE repository = ? AND name > ?", id, last);
//   while (query.step()) { names.emplace_back(query.text(0)); }
//
// One thread at a time per connection (they are opened without SQLite's own locks); may move between threads.
// Failure: IndexError, with the file, the operation and SQLite's text; Corrupt when only a rebuild helps.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "index/index.h"

namespace rha::index {

// Bytes bound as BLOB, to tell them from text.
struct Blob {
  std::string_view bytes;
};

class Query;

class Connection final {
 public:
  enum class Mode : std::uint8_t { Read, Write };
  // Off: a power cut may leave the file damaged; for files that do not outlive their process.
  enum class Synchronous : std::uint8_t { Normal, Off };
  struct Options {
    std::filesystem::path path;
    Mode mode = Mode::Write;
    Synchronous synchronous = Synchronous::Normal;
    std::chrono::milliseconds busyTimeout{5000};
  };

  // Opens the file, which Mode::Write creates when it is missing.
  explicit Connection(const Options& options);
  Connection(Connection&&) = default;
  Connection& operator=(Connection&&) = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() = default;

  // Runs statements without parameters or results.
  void execute(const char* sql);
  // Starts a use of the prepared statement for `sql`, a string literal (the cache keeps its address), with the values
  // bound in order: integers, text, Blob, optional of these. At most one use of a statement at a time.
  template <typename... Values>
  Query query(std::string_view sql, const Values&... values);
  // First column of the first row, as a number; 0 when there is no row.
  std::int64_t number(std::string_view sql);

  [[nodiscard]] std::int64_t lastInsertId() const { return sqlite3_last_insert_rowid(handle_.get()); }
  // Rows changed by the last statement that was run.
  [[nodiscard]] std::int64_t changes() const { return sqlite3_changes64(handle_.get()); }
  // Whether a transaction is open.
  [[nodiscard]] bool inTransaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  // Throws the IndexError for a result code of SQLite: "index PATH: cannot WHAT: …".
  [[noreturn]] void fail(int code, std::string_view what) const;

 private:
  friend class Query;
  struct CloseHandle {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  using StatementHandle = std::unique_ptr<sqlite3_stmt, Finalize>;

  sqlite3_stmt* prepared(std::string_view sql);

  std::filesystem::path path_;
  std::unique_ptr<sqlite3, CloseHandle> handle_;
  std::map<std::string_view, StatementHandle> statements_;  // one per SQL text of the program; freed before handle_
};

// One use of a prepared statement: reset when destroyed. Views of text and blobs hold until the next step().
class Query final {
 public:
  // For Connection::query(). Binds `values` in order.
  template <typename... Values>
  Query(Connection& connection, sqlite3_stmt* statement, const Values&... values)
      : connection_(connection), statement_(statement) {
    [[maybe_unused]] int index = 0;
    (bind(++index, values), ...);
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();

  // True: there is a row. False: the statement is done.
  bool step();
  // Steps to the end, for statements whose rows do not matter.
  void run();

  [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::string_view blob(int column) const;
  [[nodiscard]] bool isNull(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

 private:
  void bind(int index, std::int64_t value);
  void bind(int index, std::uint64_t value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, std::string_view value);
  void bind(int index, const std::string& value) { bind(index, std::string_view(value)); }
  void bind(int index, Blob value);
  template <typename T>
  void bind(int index, const std::optional<T>& value) {
    if (value) {
      bind(index, *value);
    }  // unbound is NULL
  }
  void check(int code) const;

  Connection& connection_;
  sqlite3_stmt* statement_;  // owned by the connection
};

template <typename... Values>
Query Connection::query(std::string_view sql, const Values&... values) {
  return Query(*this, prepared(sql), values...);
}

}  // namespace rha::index
