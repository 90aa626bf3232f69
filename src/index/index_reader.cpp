#include "index/index_reader.h"

#include <utility>

#include "index/index_files.h"
#include "index/read_queries.h"
#include "index/schema.h"

namespace rha::index {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kPatience{10};

// The schema of the file; nullopt if there is none, or it is another program's.
std::optional<std::int64_t> schemaOf(const fs::path& path) {
  if (!fs::exists(path)) {
    return std::nullopt;
  }
  Connection connection({.path = path, .mode = Connection::Mode::Read, .busyTimeout = kPatience});
  if (connection.number("PRAGMA application_id") != kApplicationId) {
    return std::nullopt;
  }
  return connection.number("PRAGMA user_version");
}

fs::path usable(const fs::path& path) {
  const auto schema = schemaOf(path);
  if (schema == kSchemaVersion) {
    return path;
  }
  fs::path beside = withSuffix(path, ".v" + std::to_string(kSchemaVersion));
  if (schemaOf(beside) == kSchemaVersion) {
    return beside;
  }
  throw IndexError("index " + path.string() +
                   (schema ? ": it was written by another version of registryd; restart registryd"
                           : ": there is none; has registryd been started, and is index.path right?"));
}

}  // namespace

IndexReader::IndexReader(fs::path path, unsigned connections) : path_(std::move(path)), connections_(connections) {}

void IndexReader::open() {
  const fs::path file = usable(path_);
  readers_.open(file, connections_, kPatience);
  const auto complete = queries::mark(*readers_.lease(), kCompleteMark);
  if (complete != completeMarkValue()) {
    readers_.close();
    throw IndexIncomplete("index " + file.string() +
                          ": it is not complete; registryd builds it when it starts, try again once that is done");
  }
}

std::vector<RepositoryRow> IndexReader::repositories(const Page& page, const Visibility& visibility) {
  auto lease = readers_.lease();
  return queries::repositories(*lease, page, visibility);
}

std::vector<TagRow> IndexReader::tags(const RepositoryName& repository, const Page& page) {
  auto lease = readers_.lease();
  return queries::tags(*lease, repository, page);
}

std::vector<ManifestRow> IndexReader::manifests(const RepositoryName& repository, const Page& page) {
  auto lease = readers_.lease();
  return queries::manifests(*lease, repository, page);
}

}  // namespace rha::index
