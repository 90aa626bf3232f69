#include "index/check_ledger.h"

#include "index/encoding.h"
#include "index/index_files.h"

namespace rha::index {
namespace {

constexpr std::int64_t kVersion = 2;

constexpr const char* kSchema = R"sql(
CREATE TABLE value (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sum (name TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE done (part TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE blob (
  place      BLOB PRIMARY KEY,             -- digest, name of the storage
  size       INTEGER,                      -- NULL: not looked at
  good       INTEGER NOT NULL DEFAULT 0,
  referenced INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE named (place BLOB PRIMARY KEY) WITHOUT ROWID;  -- digest of a group's name, name of the storage
CREATE TABLE finding (
  number  INTEGER PRIMARY KEY AUTOINCREMENT,
  key     TEXT NOT NULL UNIQUE,
  kind    TEXT NOT NULL,
  outcome TEXT NOT NULL,
  bytes   INTEGER NOT NULL,
  text    TEXT NOT NULL
);
PRAGMA user_version = 2;
)sql";

std::string keyOf(const CheckLedger::BlobPlace& place) {
  return encodeDigest(place.digest) + std::string(place.storage);
}

Connection connect(const std::filesystem::path& path) {
  Connection connection({.path = path});
  connection.execute("PRAGMA journal_mode = WAL");
  return connection;
}

}  // namespace

std::unique_ptr<CheckLedger> CheckLedger::create(const std::filesystem::path& path) {
  removeFiles(path);
  Connection connection = connect(path);
  connection.execute(kSchema);
  return std::make_unique<CheckLedger>(std::move(connection));
}

std::unique_ptr<CheckLedger> CheckLedger::open(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) {
    return nullptr;
  }
  try {
    Connection connection = connect(path);
    return connection.number("PRAGMA user_version") == kVersion ? std::make_unique<CheckLedger>(std::move(connection))
                                                                : nullptr;
  } catch (const IndexError& error) {
    if (!error.needsRebuild()) {
      throw;
    }
    return nullptr;
  }
}

std::string CheckLedger::value(std::string_view name) {
  auto connection = connection_.lock();
  auto query = connection->query("SELECT value FROM value WHERE name = ?", name);
  return query.step() ? std::string(query.text(0)) : std::string();
}

void CheckLedger::setValue(std::string_view name, std::string_view value) {
  connection_.lock()->query("INSERT OR REPLACE INTO value VALUES (?, ?)", name, value).run();
}

bool CheckLedger::isDone(std::string_view part) {
  auto connection = connection_.lock();
  return connection->query("SELECT 1 FROM done WHERE part = ?", part).step();
}

void CheckLedger::markDone(std::string_view part) {
  connection_.lock()->query("INSERT OR IGNORE INTO done VALUES (?)", part).run();
}

void CheckLedger::addTo(std::string_view name, std::uint64_t count) {
  connection_.lock()
      ->query("INSERT INTO sum VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET count = count + ?2", name, count)
      .run();
}

std::map<std::string, std::uint64_t> CheckLedger::sums() {
  std::map<std::string, std::uint64_t> sums;
  auto connection = connection_.lock();
  auto query = connection->query("SELECT name, count FROM sum");
  while (query.step()) {
    sums.emplace(query.text(0), static_cast<std::uint64_t>(query.integer(1)));
  }
  return sums;
}

std::pair<std::uint64_t, std::uint64_t> CheckLedger::blobTotals() {
  auto connection = connection_.lock();
  auto query = connection->query("SELECT COUNT(*), COALESCE(SUM(size), 0) FROM blob WHERE size IS NOT NULL");
  query.step();
  return {static_cast<std::uint64_t>(query.integer(0)), static_cast<std::uint64_t>(query.integer(1))};
}

std::optional<CheckLedger::SeenBlob> CheckLedger::blob(const BlobPlace& place) {
  const std::string key = keyOf(place);
  auto connection = connection_.lock();
  auto query = connection->query("SELECT size, good FROM blob WHERE place = ? AND size IS NOT NULL", Blob{key});
  if (!query.step()) {
    return std::nullopt;
  }
  return SeenBlob{.good = query.integer(1) != 0, .size = static_cast<std::uint64_t>(query.integer(0))};
}

void CheckLedger::noteBlob(const BlobPlace& place, const SeenBlob& seen) {
  const std::string key = keyOf(place);
  connection_.lock()
      ->query(
          "INSERT INTO blob (place, size, good) VALUES (?1, ?2, ?3) "
          "ON CONFLICT (place) DO UPDATE SET size = ?2, good = ?3",
          Blob{key}, seen.size, static_cast<std::int64_t>(seen.good))
      .run();
}

bool CheckLedger::isReferenced(const BlobPlace& place) {
  const std::string key = keyOf(place);
  auto connection = connection_.lock();
  return connection->query("SELECT 1 FROM blob WHERE place = ? AND referenced = 1", Blob{key}).step();
}

void CheckLedger::noteReferenced(const BlobPlace& place) {
  const std::string key = keyOf(place);
  connection_.lock()
      ->query("INSERT INTO blob (place, referenced) VALUES (?, 1) ON CONFLICT (place) DO UPDATE SET referenced = 1",
              Blob{key})
      .run();
}

bool CheckLedger::isNamed(std::string_view group, std::string_view storage) {
  const std::string key = keyOf({Digest::of(group), storage});
  auto connection = connection_.lock();
  return connection->query("SELECT 1 FROM named WHERE place = ?", Blob{key}).step();
}

void CheckLedger::noteNamed(std::string_view group, std::string_view storage) {
  const std::string key = keyOf({Digest::of(group), storage});
  connection_.lock()->query("INSERT OR IGNORE INTO named VALUES (?)", Blob{key}).run();
}

void CheckLedger::add(const Finding& finding) {
  connection_.lock()
      ->query("INSERT OR REPLACE INTO finding (key, kind, outcome, bytes, text) VALUES (?, ?, ?, ?, ?)", finding.key,
              finding.kind, finding.outcome, finding.bytes, finding.text)
      .run();
}

void CheckLedger::forget(std::string_view key) {
  connection_.lock()->query("DELETE FROM finding WHERE key = ?", key).run();
}

std::vector<CheckLedger::Entry> CheckLedger::findings(std::int64_t number, std::uint64_t limit) {
  std::vector<Entry> entries;
  auto connection = connection_.lock();
  auto query = connection->query("SELECT number, text FROM finding WHERE number > ? ORDER BY number LIMIT ?", number,
                                 encodeLimit(limit));
  while (query.step()) {
    entries.push_back({query.integer(0), std::string(query.text(1))});
  }
  return entries;
}

std::vector<CheckLedger::Count> CheckLedger::counts() {
  std::vector<Count> counts;
  auto connection = connection_.lock();
  auto query = connection->query(
      "SELECT kind, outcome, COUNT(*), SUM(bytes) FROM finding GROUP BY kind, outcome ORDER BY kind, outcome");
  while (query.step()) {
    counts.push_back({std::string(query.text(0)), std::string(query.text(1)),
                      static_cast<std::uint64_t>(query.integer(2)), static_cast<std::uint64_t>(query.integer(3))});
  }
  return counts;
}

}  // namespace rha::index
