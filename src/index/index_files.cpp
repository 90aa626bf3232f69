#include "index/index_files.h"

#include <array>
#include <system_error>

#include "base/clock.h"
#include "index/file_lock.h"
#include "index/schema.h"
#include "index/statement.h"

namespace rha::index {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::array<std::string_view, 3> kParts{"", "-wal", "-shm"};
constexpr std::string_view kCorruptSuffix = ".corrupt-";

struct Finding {
  enum class State : std::uint8_t { Missing, Usable, Damaged, Older, Newer };
  State state = State::Missing;
  std::string detail;
};

[[noreturn]] void failWith(std::string_view what, const fs::path& path, const std::error_code& error) {
  throw IndexError("index: cannot " + std::string(what) + " " + path.string() + ": " + error.message());
}

bool isEmptyOrMissing(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return error ? error == std::errc::no_such_file_or_directory : size == 0;
}

// A full check reads the whole file, seconds for a large one, which every start would pay for. SQLite removes its log
// when the last process closes the file properly; so a log that is there tells of a crash or a power cut (or of another
// process that has the file open, for which once is not too often), and only then the disk may not hold what was meant.
bool wasLeftOpen(const fs::path& path) { return !isEmptyOrMissing(withSuffix(path, "-wal")); }

Finding inspectOpen(Connection& connection, bool thorough) {
  const std::int64_t application = connection.number("PRAGMA application_id");
  const std::int64_t version = connection.number("PRAGMA user_version");
  if (application == 0 && version == 0 && connection.number("SELECT count(*) FROM sqlite_schema") == 0) {
    return {};
  }
  if (application != kApplicationId) {
    throw IndexError("index " + connection.path().string() +
                     ": this SQLite file belongs to another program; set another path for the index");
  }
  if (version != kSchemaVersion) {
    return {
        version < kSchemaVersion ? Finding::State::Older : Finding::State::Newer,
        "its schema is version " + std::to_string(version) + ", this program's is " + std::to_string(kSchemaVersion)};
  }
  checkTables(connection);
  if (thorough) {
    auto check = connection.query("PRAGMA quick_check(1)");
    if (check.step() && check.text(0) != "ok") {
      return {Finding::State::Damaged, std::string(check.text(0))};
    }
  }
  return {Finding::State::Usable, ""};
}

Finding inspect(const fs::path& path, milliseconds patience) {
  if (isEmptyOrMissing(path)) {
    return {};
  }
  const bool thorough = wasLeftOpen(path);
  try {
    Connection connection({.path = path, .busyTimeout = patience});
    return inspectOpen(connection, thorough);
  } catch (const IndexError& error) {
    if (!error.needsRebuild()) {
      throw;
    }
    return {Finding::State::Damaged, error.what()};
  }
}

// Returns where it went.
fs::path moveAside(const fs::path& path) {
  for (const auto& earlier : filesBeside(path, kCorruptSuffix)) {
    std::error_code ignored;  // in the worst case it takes its place a little longer
    fs::remove(earlier, ignored);
  }
  const auto now = base::SystemClock().now();
  fs::path target = withSuffix(path, std::string(kCorruptSuffix) + base::formatRfc3339(now));
  for (const auto part : kParts) {
    std::error_code error;
    fs::rename(withSuffix(path, part), withSuffix(target, part), error);
    if (error && error != std::errc::no_such_file_or_directory) {
      failWith("move aside", withSuffix(path, part), error);
    }
  }
  return target;
}

OpenResult recreateDamaged(const fs::path& path, const std::string& damage, milliseconds patience) {
  const fs::path target = moveAside(path);
  createFile(path, patience);
  return {OpenOutcome::RecreatedDamaged, path,
          path.string() + " was damaged (" + damage + "); it lies now at " + target.string() +
              ", and the index is built anew"};
}

OpenResult settle(const fs::path& path, const Finding& finding, milliseconds patience) {
  switch (finding.state) {
    case Finding::State::Usable:
      return {OpenOutcome::Opened, path, ""};
    case Finding::State::Missing:
      createFile(path, patience);
      return {OpenOutcome::Created, path, ""};
    case Finding::State::Older:
      // Another process that still has it open goes on with the nameless file.
      removeFiles(path);
      createFile(path, patience);
      return {OpenOutcome::RecreatedOlder, path, path.string() + ": " + finding.detail + "; the index is built anew"};
    case Finding::State::Damaged:
    case Finding::State::Newer:
      break;
  }
  return recreateDamaged(path, finding.detail, patience);
}

}  // namespace

std::string_view toString(OpenOutcome outcome) {
  switch (outcome) {
    case OpenOutcome::Opened:
      return "opened";
    case OpenOutcome::Created:
      return "created";
    case OpenOutcome::RecreatedDamaged:
      return "recreated-damaged";
    case OpenOutcome::RecreatedOlder:
      return "recreated-older";
  }
  return "";
}

OpenResult prepareFile(const fs::path& path, milliseconds patience) {
  const FileLock lock(withSuffix(path, ".lock"), patience);
  const Finding finding = inspect(path, patience);
  if (finding.state != Finding::State::Newer) {
    return settle(path, finding, patience);
  }
  const fs::path beside = withSuffix(path, ".v" + std::to_string(kSchemaVersion));
  OpenResult result = settle(beside, inspect(beside, patience), patience);
  std::string detail =
      path.string() + ": " + finding.detail + "; it is left as it is, and " + beside.string() + " is used instead";
  result.detail = result.detail.empty() ? std::move(detail) : detail + "; " + result.detail;
  return result;
}

OpenResult replaceDamagedFile(const fs::path& path, milliseconds patience) {
  const FileLock lock(withSuffix(path, ".lock"), patience);
  return recreateDamaged(path, "found while it was in use", patience);
}

void createFile(const fs::path& path, milliseconds patience) {
  Connection connection({.path = path, .busyTimeout = patience});
  createSchema(connection);
}

void removeFiles(const fs::path& path) {
  for (const auto part : kParts) {
    std::error_code error;
    fs::remove(withSuffix(path, part), error);
    if (error) {
      failWith("remove", withSuffix(path, part), error);
    }
  }
}

std::uint64_t bytesOnDisk(const fs::path& path) {
  std::uint64_t total = 0;
  for (const auto part : {kParts[0], kParts[1]}) {
    std::error_code error;
    const auto size = fs::file_size(withSuffix(path, part), error);
    total += error ? 0 : size;
  }
  return total;
}

fs::path withSuffix(const fs::path& path, std::string_view suffix) { return path.native() + std::string(suffix); }

std::vector<fs::path> filesBeside(const fs::path& path, std::string_view suffix) {
  const std::string beginning = path.filename().native() + std::string(suffix);
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(path.has_parent_path() ? path.parent_path() : ".", error), end;
       !error && entry != end; entry.increment(error)) {
    if (entry->path().filename().native().starts_with(beginning)) {
      found.push_back(entry->path());
    }
  }
  return found;
}

}  // namespace rha::index
