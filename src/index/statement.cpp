#include "index/statement.h"

#include <stdexcept>

namespace rha::index {
namespace {

// Reader caches are small: the pages stay in the kernel's cache anyway.
constexpr const char* kReadPragmas = "PRAGMA query_only = ON; PRAGMA cache_size = -2048;";
// wal_autocheckpoint: 16 MB, four times the default: a small write touches four pages far apart, and what they cost is
// the checkpoint's fsync, not the commit (40 % less time per write). journal_size_limit: gives the space back after the
// one large transaction, which is replaceContents().
constexpr const char* kWritePragmas =
    "PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 33554432;";

std::string_view advice(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return "; free space on its file system";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "; another process holds it";
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return "; its folder must exist and be writable for this user";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "; it has to be rebuilt from the storage";
    case SQLITE_IOERR:
      return "; check the disk and the kernel log";
    default:
      return "";
  }
}

bool isCorruption(int code) {
  const int primary = code & 0xff;
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

}  // namespace

Connection::Connection(const Options& options) : path_(options.path) {
  // Readers are opened for writing too and then restrained: the last connection to close cleans up after itself, and
  // a read-only one could not. NOMUTEX: one thread at a time is promised.
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (options.mode == Mode::Write ? SQLITE_OPEN_CREATE : 0);
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path_.c_str(), &raw, flags, nullptr);
  handle_.reset(raw);
  if (code != SQLITE_OK) {
    fail(code, "open it");
  }
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, static_cast<int>(options.busyTimeout.count()));
  execute(options.synchronous == Synchronous::Off ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = NORMAL");
  execute(options.mode == Mode::Read ? kReadPragmas : kWritePragmas);
}

void Connection::execute(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    fail(code, sql);
  }
}

std::int64_t Connection::number(std::string_view sql) {
  auto row = query(sql);
  return row.step() ? row.integer(0) : 0;
}

sqlite3_stmt* Connection::prepared(std::string_view sql) {
  auto& statement = statements_[sql];
  if (!statement) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    if (code != SQLITE_OK) {
      fail(code, sql);
    }
    statement.reset(raw);
  }
  if (sqlite3_stmt_busy(statement.get()) != 0) {
    throw std::logic_error("statement used twice at once: " + std::string(sql));
  }
  return statement.get();
}

void Connection::fail(int code, std::string_view what) const {
  std::string text = "index " + path_.string() + ": cannot " + std::string(what) + ": ";
  // errmsg belongs to the last failure of this handle, which may be none when it could not even be opened.
  const char* detail = handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
  text += detail;
  text += " (SQLite code " + std::to_string(code) + ")";
  text += advice(code);
  throw IndexError(text, isCorruption(code) ? IndexFailure::Corrupt : IndexFailure::Unavailable);
}

Query::~Query() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

bool Query::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) {
    return true;
  }
  if (code != SQLITE_DONE) {
    check(code);
  }
  return false;
}

void Query::run() {
  while (step()) {
  }
}

std::string_view Query::text(int column) const {
  // The pointer first: it may convert, which changes the length.
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return bytes == nullptr ? std::string_view{}
                          : std::string_view(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

std::string_view Query::blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return bytes == nullptr ? std::string_view{}
                          : std::string_view(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

void Query::bind(int index, std::int64_t value) { check(sqlite3_bind_int64(statement_, index, value)); }

void Query::bind(int index, std::string_view value) {
  // A null pointer would bind NULL; an empty string is a value.
  check(sqlite3_bind_text64(statement_, index, value.empty() ? "" : value.data(), value.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8));
}

void Query::bind(int index, Blob value) {
  const auto size = static_cast<sqlite3_uint64>(value.bytes.size());
  check(sqlite3_bind_blob64(statement_, index, value.bytes.empty() ? "" : value.bytes.data(), size, SQLITE_TRANSIENT));
}

void Query::check(int code) const {
  if (code != SQLITE_OK) {
    connection_.fail(code, sqlite3_sql(statement_));
  }
}

}  // namespace rha::index
