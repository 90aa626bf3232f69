#include "index/write_commands.h"

#include <optional>

#include "index/encoding.h"

namespace rha::index::commands {
namespace {

std::optional<std::int64_t> findRepository(Connection& connection, const RepositoryName& repository) {
  auto row = connection.query("SELECT id FROM repository WHERE name = ?", repository.text());
  return row.step() ? std::optional(row.integer(0)) : std::nullopt;
}

// The repository's id; it is made if need be, and its updatedAt moved forward to `at`.
std::int64_t touch(Connection& connection, const RepositoryName& repository, std::int64_t at) {
  if (const auto id = findRepository(connection, repository)) {
    connection.query("UPDATE repository SET updated_at = ?2 WHERE id = ?1 AND updated_at < ?2", *id, at).run();
    return *id;
  }
  connection.query("INSERT INTO repository (name, updated_at) VALUES (?, ?)", repository.text(), at).run();
  return connection.lastInsertId();
}

// ---- manifests

std::int64_t descriptorId(Connection& connection, const ReferenceRow& reference) {
  const std::string digest = encodeDigest(reference.digest);
  {
    auto row =
        connection.query("SELECT id FROM descriptor WHERE digest = ? AND size = ? AND media_type = ? AND platform = ?",
                         Blob{digest}, reference.size, reference.mediaType, reference.platform);
    if (row.step()) {
      return row.integer(0);
    }
  }
  connection
      .query("INSERT INTO descriptor (digest, size, media_type, platform) VALUES (?, ?, ?, ?)", Blob{digest},
             reference.size, reference.mediaType, reference.platform)
      .run();
  return connection.lastInsertId();
}

void insertReferences(Connection& connection, std::int64_t manifest, const std::vector<ReferenceRow>& references) {
  std::int64_t ordinal = 0;
  for (const auto& reference : references) {
    const std::int64_t descriptor = descriptorId(connection, reference);
    connection
        .query("INSERT INTO manifest_reference (manifest, ordinal, kind, descriptor) VALUES (?, ?, ?, ?)", manifest,
               ordinal++, static_cast<std::int64_t>(reference.kind), descriptor)
        .run();
  }
}

// Whether the references of a stored manifest are those of `references`: pushed again, most often they are, and
// nothing is written.
bool sameReferences(Connection& connection, std::int64_t manifest, const std::vector<ReferenceRow>& references) {
  auto row = connection.query(
      "SELECT r.kind, d.digest, d.size, d.media_type, d.platform FROM manifest_reference r "
      "JOIN descriptor d ON d.id = r.descriptor WHERE r.manifest = ? ORDER BY r.ordinal",
      manifest);
  for (const auto& expected : references) {
    const bool same = row.step() && row.integer(0) == static_cast<std::int64_t>(expected.kind) &&
                      row.blob(1) == encodeDigest(expected.digest) &&
                      row.integer(2) == static_cast<std::int64_t>(expected.size) && row.text(3) == expected.mediaType &&
                      row.text(4) == expected.platform;
    if (!same) {
      return false;
    }
  }
  return !row.step();
}

std::optional<std::string> encodeSubject(const ManifestRow& row) {
  return row.subject ? std::optional(encodeDigest(*row.subject)) : std::nullopt;
}

std::optional<Blob> asBlob(const std::optional<std::string>& bytes) {
  return bytes ? std::optional(Blob{*bytes}) : std::nullopt;
}

void insertManifest(Connection& connection, std::int64_t repository, const ManifestRow& row) {
  const std::string digest = encodeDigest(row.digest);
  const auto subject = encodeSubject(row);
  connection
      .query(
          "INSERT INTO manifest (repository, digest, media_type, size, artifact_type, annotations, subject, "
          "pushed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          repository, Blob{digest}, row.mediaType, row.size, row.artifactType, row.annotationsJson, asBlob(subject),
          encodeTime(row.pushedAt))
      .run();
  insertReferences(connection, connection.lastInsertId(), row.references);
}

void replaceManifest(Connection& connection, std::int64_t manifest, const ManifestRow& row) {
  const auto subject = encodeSubject(row);
  connection
      .query(
          "UPDATE manifest SET media_type = ?2, size = ?3, artifact_type = ?4, annotations = ?5, subject = ?6, "
          "pushed_at = min(pushed_at, ?7) WHERE id = ?1 AND (media_type != ?2 OR size != ?3 OR artifact_type != ?4 "
          "OR annotations != ?5 OR subject IS NOT ?6 OR pushed_at > ?7)",
          manifest, row.mediaType, row.size, row.artifactType, row.annotationsJson, asBlob(subject),
          encodeTime(row.pushedAt))
      .run();
  if (!sameReferences(connection, manifest, row.references)) {
    connection.query("DELETE FROM manifest_reference WHERE manifest = ?", manifest).run();
    insertReferences(connection, manifest, row.references);
  }
}

// ---- tags

void addEvent(Connection& connection, std::int64_t repository, const Tag& tag, const std::optional<Digest>& digest,
              WallTime at, std::string_view actor) {
  const std::int64_t time = encodeTime(at);
  const auto bytes = digest ? std::optional(encodeDigest(*digest)) : std::nullopt;
  {
    auto known = connection.query(
        "SELECT 1 FROM tag_event WHERE repository = ? AND tag = ? AND at = ? AND digest IS ? AND actor = ?", repository,
        tag.text(), time, asBlob(bytes), actor);
    if (known.step()) {
      return;
    }
  }
  connection
      .query(
          "INSERT INTO tag_event (repository, tag, at, sequence, digest, actor) VALUES (?1, ?2, ?3, "
          "(SELECT coalesce(max(sequence) + 1, 0) FROM tag_event WHERE repository = ?1 AND tag = ?2 AND at = ?3), "
          "?4, ?5)",
          repository, tag.text(), time, asBlob(bytes), actor)
      .run();
}

bool pointsAt(Connection& connection, std::int64_t repository, const Tag& tag, std::string_view digest) {
  auto row = connection.query("SELECT digest FROM tag WHERE repository = ? AND name = ?", repository, tag.text());
  return row.step() && row.blob(0) == digest;
}

void setTag(Connection& connection, std::int64_t repository, const TagRow& row, std::string_view digest) {
  connection
      .query(
          "INSERT INTO tag (repository, name, digest, updated_at) VALUES (?, ?, ?, ?) ON CONFLICT (repository, name) "
          "DO UPDATE SET digest = excluded.digest, updated_at = excluded.updated_at",
          repository, row.tag.text(), Blob{digest}, encodeTime(row.updatedAt))
      .run();
}

}  // namespace

void putManifest(Connection& connection, const RepositoryName& repository, const ManifestRow& row) {
  const std::int64_t id = touch(connection, repository, encodeTime(row.pushedAt));
  const std::string digest = encodeDigest(row.digest);
  std::optional<std::int64_t> known;
  {
    auto found = connection.query("SELECT id FROM manifest WHERE repository = ? AND digest = ?", id, Blob{digest});
    if (found.step()) {
      known = found.integer(0);
    }
  }
  if (known) {
    replaceManifest(connection, *known, row);
  } else {
    insertManifest(connection, id, row);
  }
}

void removeManifest(Connection& connection, const RepositoryName& repository, const Digest& digest) {
  if (const auto id = findRepository(connection, repository)) {
    connection
        .query(
            "INSERT INTO past_manifest (repository, digest, media_type, size) SELECT repository, digest, media_type, "
            "size FROM manifest WHERE repository = ? AND digest = ? ON CONFLICT DO NOTHING",
            *id, Blob{encodeDigest(digest)})
        .run();
    connection.query("DELETE FROM manifest WHERE repository = ? AND digest = ?", *id, Blob{encodeDigest(digest)}).run();
  }
}

void putTag(Connection& connection, const RepositoryName& repository, const TagRow& row, std::string_view actor) {
  const std::int64_t id = touch(connection, repository, encodeTime(row.updatedAt));
  const std::string digest = encodeDigest(row.digest);
  if (pointsAt(connection, id, row.tag, digest)) {
    return;
  }
  setTag(connection, id, row, digest);
  addEvent(connection, id, row.tag, row.digest, row.updatedAt, actor);
}

void restoreTag(Connection& connection, const RepositoryName& repository, const TagRow& row) {
  const std::int64_t id = touch(connection, repository, encodeTime(row.updatedAt));
  setTag(connection, id, row, encodeDigest(row.digest));
}

void backdateTag(Connection& connection, const RepositoryName& repository, const TagRow& row) {
  if (const auto id = findRepository(connection, repository)) {
    connection
        .query("UPDATE tag SET updated_at = ?4 WHERE repository = ?1 AND name = ?2 AND digest = ?3 AND updated_at > ?4",
               *id, row.tag.text(), Blob{encodeDigest(row.digest)}, encodeTime(row.updatedAt))
        .run();
  }
}

bool removeTag(Connection& connection, const RepositoryName& repository, const Tag& tag, WallTime at,
               std::string_view actor) {
  const auto id = findRepository(connection, repository);
  if (!id) {
    return false;
  }
  connection.query("DELETE FROM tag WHERE repository = ? AND name = ?", *id, tag.text()).run();
  if (connection.changes() == 0) {
    return false;
  }
  touch(connection, repository, encodeTime(at));
  addEvent(connection, *id, tag, std::nullopt, at, actor);
  return true;
}

void addTagEvent(Connection& connection, const RepositoryName& repository, const TagEvent& event) {
  const std::int64_t id = touch(connection, repository, encodeTime(event.at));
  addEvent(connection, id, event.tag, event.digest, event.at, event.actor);
  if (event.digest && !event.mediaType.empty()) {
    connection
        .query(
            "INSERT INTO past_manifest (repository, digest, media_type, size) VALUES (?, ?, ?, ?) ON CONFLICT DO "
            "NOTHING",
            id, Blob{encodeDigest(*event.digest)}, event.mediaType, event.size)
        .run();
  }
}

void touchRepository(Connection& connection, const RepositoryName& repository, WallTime at) {
  touch(connection, repository, encodeTime(at));
}

void removeRepository(Connection& connection, const RepositoryName& repository) {
  connection.query("DELETE FROM repository WHERE name = ?", repository.text()).run();
}

void setMark(Connection& connection, std::string_view name, std::string_view value) {
  connection
      .query("INSERT INTO mark (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
             name, value)
      .run();
}

}  // namespace rha::index::commands
