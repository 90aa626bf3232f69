#include "index/read_queries.h"

#include "index/encoding.h"
#include "index/visible_ranges.h"

namespace rha::index::queries {
namespace {

// Holds all statements within it to one state of the file; within a transaction they are already.
class Snapshot final {
 public:
  explicit Snapshot(Connection& connection) : connection_(connection), own_(!connection.inTransaction()) {
    if (own_) {
      connection_.execute("BEGIN");
    }
  }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  // The result does not matter: nothing was written, and a failed read has told.
  ~Snapshot() {
    if (own_) {
      sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
  }

 private:
  Connection& connection_;
  bool own_;
};

void appendRepositories(Query&& row, std::vector<RepositoryRow>& out) {
  while (row.step()) {
    out.push_back(
        {decodeRepository(row.text(0)), decodeTime(row.integer(1)), static_cast<std::uint64_t>(row.integer(2))});
  }
}

// The columns that readManifest() takes. A literal, so that it joins with the rest of each statement.
#define RHA_MANIFEST_COLUMNS "id, digest, media_type, size, artifact_type, annotations, subject, pushed_at"

ManifestRow readManifest(const Query& row) {
  ManifestRow manifest{.digest = decodeDigest(row.blob(1)),
                       .mediaType = std::string(row.text(2)),
                       .size = static_cast<std::uint64_t>(row.integer(3)),
                       .artifactType = std::string(row.text(4)),
                       .annotationsJson = std::string(row.text(5)),
                       .subject = std::nullopt,
                       .references = {},
                       .pushedAt = decodeTime(row.integer(7))};
  if (!row.isNull(6)) {
    manifest.subject = decodeDigest(row.blob(6));
  }
  return manifest;
}

std::vector<ReferenceRow> references(Connection& connection, std::int64_t manifest) {
  std::vector<ReferenceRow> found;
  auto row = connection.query(
      "SELECT r.kind, d.digest, d.size, d.media_type, d.platform FROM manifest_reference r "
      "JOIN descriptor d ON d.id = r.descriptor WHERE r.manifest = ? ORDER BY r.ordinal",
      manifest);
  while (row.step()) {
    found.push_back({decodeKind(row.integer(0)), decodeDigest(row.blob(1)), static_cast<std::uint64_t>(row.integer(2)),
                     std::string(row.text(3)), std::string(row.text(4))});
  }
  return found;
}

std::vector<ManifestRow> readManifests(Connection& connection, Query&& row) {
  std::vector<ManifestRow> found;
  while (row.step()) {
    found.push_back(readManifest(row));
    found.back().references = references(connection, row.integer(0));
  }
  return found;
}

}  // namespace

std::vector<RepositoryRow> repositories(Connection& connection, const Page& page, const Visibility& visibility) {
  const Snapshot snapshot(connection);
  std::vector<RepositoryRow> found;
  for (const auto& range : visibleRanges(visibility)) {
    if (found.size() >= page.limit) {
      break;
    }
    if (range.to <= page.last) {
      continue;
    }
    const std::int64_t left = encodeLimit(page.limit - found.size());
    if (page.last < range.from) {
      appendRepositories(connection.query("SELECT name, updated_at, tag_count FROM repository WHERE name >= ? AND "
                                          "name < ? ORDER BY name LIMIT ?",
                                          range.from, range.to, left),
                         found);
    } else {
      appendRepositories(connection.query("SELECT name, updated_at, tag_count FROM repository WHERE name > ? AND "
                                          "name < ? ORDER BY name LIMIT ?",
                                          page.last, range.to, left),
                         found);
    }
  }
  return found;
}

bool hasRepository(Connection& connection, const RepositoryName& repository) {
  return connection.query("SELECT 1 FROM repository WHERE name = ?", repository.text()).step();
}

std::vector<TagRow> tags(Connection& connection, const RepositoryName& repository, const Page& page) {
  std::vector<TagRow> found;
  auto row = connection.query(
      "SELECT name, digest, updated_at FROM tag WHERE repository = (SELECT id FROM repository WHERE name = ?) AND "
      "name > ? ORDER BY name LIMIT ?",
      repository.text(), page.last, encodeLimit(page.limit));
  while (row.step()) {
    found.push_back({decodeTag(row.text(0)), decodeDigest(row.blob(1)), decodeTime(row.integer(2))});
  }
  return found;
}

std::vector<std::string> tagNames(Connection& connection, const RepositoryName& repository, const Page& page) {
  std::vector<std::string> found;
  auto row = connection.query(
      "SELECT name FROM tag WHERE repository = (SELECT id FROM repository WHERE name = ?) AND name > ? ORDER BY name "
      "LIMIT ?",
      repository.text(), page.last, encodeLimit(page.limit));
  while (row.step()) {
    found.emplace_back(row.text(0));
  }
  return found;
}

// Not group_concat(): it takes a third longer.
std::string joinedTagNames(Connection& connection, const RepositoryName& repository, std::string_view last,
                           std::string_view separator) {
  std::string joined;
  auto row = connection.query(
      "SELECT name FROM tag WHERE repository = (SELECT id FROM repository WHERE name = ?) AND name > ? ORDER BY name",
      repository.text(), last);
  while (row.step()) {
    joined += joined.empty() ? std::string_view() : separator;
    joined += row.text(0);
  }
  return joined;
}

std::vector<Tag> tagsOf(Connection& connection, const RepositoryName& repository, const Digest& digest) {
  std::vector<Tag> found;
  auto row = connection.query(
      "SELECT name FROM tag WHERE repository = (SELECT id FROM repository WHERE name = ?) AND digest = ? ORDER BY name",
      repository.text(), Blob{encodeDigest(digest)});
  while (row.step()) {
    found.push_back(decodeTag(row.text(0)));
  }
  return found;
}

std::vector<TagEvent> history(Connection& connection, const RepositoryName& repository, const Tag& tag,
                              std::uint64_t limit) {
  std::vector<TagEvent> found;
  auto row = connection.query(
      "SELECT e.digest, e.at, e.actor, coalesce(m.media_type, p.media_type, ''), coalesce(m.size, p.size, 0) "
      "FROM tag_event e LEFT JOIN manifest m ON m.repository = e.repository AND m.digest = e.digest "
      "LEFT JOIN past_manifest p ON p.repository = e.repository AND p.digest = e.digest "
      "WHERE e.repository = (SELECT id FROM repository WHERE name = ?) AND e.tag = ? "
      "ORDER BY e.at DESC, e.sequence DESC",
      repository.text(), tag.text());
  // Newest first: an event that says the same as the one after it in time is what that one merely repeated.
  while (row.step()) {
    TagEvent event{tag, std::nullopt, decodeTime(row.integer(1)), std::string(row.text(2))};
    if (!row.isNull(0)) {
      event.digest = decodeDigest(row.blob(0));
    }
    event.mediaType = row.text(3);
    event.size = static_cast<std::uint64_t>(row.integer(4));
    if (!found.empty() && found.back().digest == event.digest) {
      found.back() = std::move(event);
    } else if (found.size() < limit) {
      found.push_back(std::move(event));
    } else {
      break;
    }
  }
  return found;
}

std::vector<ManifestRow> referrers(Connection& connection, const RepositoryName& repository, const Digest& subject,
                                   std::string_view artifactType, const Page& page) {
  const Snapshot snapshot(connection);
  const std::string bound = digestBound(page.last);
  const std::string subjectBytes = encodeDigest(subject);
  if (artifactType.empty()) {
    return readManifests(connection,
                         connection.query("SELECT " RHA_MANIFEST_COLUMNS
                                          " FROM manifest WHERE repository = (SELECT id FROM repository WHERE name = "
                                          "?) AND subject = ? AND digest > ? ORDER BY digest LIMIT ?",
                                          repository.text(), Blob{subjectBytes}, Blob{bound}, encodeLimit(page.limit)));
  }
  return readManifests(
      connection,
      connection.query("SELECT " RHA_MANIFEST_COLUMNS
                       " FROM manifest WHERE repository = (SELECT id FROM repository WHERE name = ?) AND "
                       "subject = ? AND digest > ? AND artifact_type = ? ORDER BY digest LIMIT ?",
                       repository.text(), Blob{subjectBytes}, Blob{bound}, artifactType, encodeLimit(page.limit)));
}

std::optional<ManifestRow> manifest(Connection& connection, const RepositoryName& repository, const Digest& digest) {
  const Snapshot snapshot(connection);
  auto found = readManifests(
      connection, connection.query("SELECT " RHA_MANIFEST_COLUMNS
                                   " FROM manifest WHERE repository = (SELECT id FROM repository WHERE name = ?) AND "
                                   "digest = ?",
                                   repository.text(), Blob{encodeDigest(digest)}));
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

std::vector<ManifestRow> manifests(Connection& connection, const RepositoryName& repository, const Page& page) {
  const Snapshot snapshot(connection);
  return readManifests(
      connection, connection.query("SELECT " RHA_MANIFEST_COLUMNS
                                   " FROM manifest WHERE repository = (SELECT id FROM repository WHERE name = ?) AND "
                                   "digest > ? ORDER BY digest LIMIT ?",
                                   repository.text(), Blob{digestBound(page.last)}, encodeLimit(page.limit)));
}

std::vector<RepositoryName> repositoriesWith(Connection& connection, const Digest& digest, std::uint64_t limit) {
  static_assert(static_cast<int>(ReferenceKind::Config) == 0 && static_cast<int>(ReferenceKind::Layer) == 1);
  std::vector<RepositoryName> found;
  // CROSS JOIN: in this order, from the blob to its users, each step by an index.
  auto row = connection.query(
      "SELECT DISTINCT p.name FROM descriptor d CROSS JOIN manifest_reference r ON r.descriptor = d.id AND "
      "r.kind IN (0, 1) CROSS JOIN manifest m ON m.id = r.manifest CROSS JOIN repository p ON p.id = m.repository "
      "WHERE d.digest = ? LIMIT ?",
      Blob{encodeDigest(digest)}, encodeLimit(limit));
  while (row.step()) {
    found.push_back(decodeRepository(row.text(0)));
  }
  return found;
}

Statistics statistics(Connection& connection) {
  auto row = connection.query("SELECT count(*), sum(tag_count), sum(manifest_count) FROM repository");
  row.step();
  return {.repositories = static_cast<std::uint64_t>(row.integer(0)),
          .tags = static_cast<std::uint64_t>(row.integer(1)),
          .manifests = static_cast<std::uint64_t>(row.integer(2)),
          .bytesOnDisk = 0};
}

std::optional<std::string> mark(Connection& connection, std::string_view name) {
  auto row = connection.query("SELECT value FROM mark WHERE name = ?", name);
  return row.step() ? std::optional(std::string(row.text(0))) : std::nullopt;
}

}  // namespace rha::index::queries
