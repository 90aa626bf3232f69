#include "index/schema.h"

#include <string>

namespace rha::index {
namespace {

constexpr const char* kSchema = R"sql(
CREATE TABLE repository (
  id             INTEGER PRIMARY KEY,
  name           TEXT NOT NULL UNIQUE,
  updated_at     INTEGER NOT NULL,             -- last push, re-tag or deletion
  tag_count      INTEGER NOT NULL DEFAULT 0,   -- kept by the triggers below
  manifest_count INTEGER NOT NULL DEFAULT 0
);

-- Keyed by what lists are ordered by: a page is one range of the tree.
CREATE TABLE tag (
  repository INTEGER NOT NULL,                 -- repository.id
  name       TEXT NOT NULL,
  digest     BLOB NOT NULL,
  updated_at INTEGER NOT NULL,                 -- when it came to point at that digest
  PRIMARY KEY (repository, name)
) WITHOUT ROWID;
CREATE INDEX tag_by_digest ON tag (repository, digest);

CREATE TABLE tag_event (
  repository INTEGER NOT NULL,
  tag        TEXT NOT NULL,
  at         INTEGER NOT NULL,
  sequence   INTEGER NOT NULL,                 -- order among events of the same microsecond
  digest     BLOB,                             -- NULL: the tag was deleted
  actor      TEXT NOT NULL,
  PRIMARY KEY (repository, tag, at, sequence)
) WITHOUT ROWID;

CREATE TABLE manifest (
  id            INTEGER PRIMARY KEY,
  repository    INTEGER NOT NULL,
  digest        BLOB NOT NULL,
  media_type    TEXT NOT NULL,
  size          INTEGER NOT NULL,
  artifact_type TEXT NOT NULL,                 -- '' = none
  annotations   TEXT NOT NULL,                 -- a JSON object, '' = none
  subject       BLOB,                          -- digest it refers to (referrers API)
  pushed_at     INTEGER NOT NULL,
  UNIQUE (repository, digest)
);
-- artifact_type last: the filter of the referrers API is answered from the index alone.
CREATE INDEX manifest_by_subject ON manifest (repository, subject, digest, artifact_type) WHERE subject IS NOT NULL;

-- Deleted manifests, for the history of the tags that pointed at them.
CREATE TABLE past_manifest (
  repository INTEGER NOT NULL,
  digest     BLOB NOT NULL,
  media_type TEXT NOT NULL,
  size       INTEGER NOT NULL,
  PRIMARY KEY (repository, digest)
) WITHOUT ROWID;

-- What manifests say of content. Most layers are named by many manifests: each is stored once.
CREATE TABLE descriptor (
  id         INTEGER PRIMARY KEY,
  digest     BLOB NOT NULL,
  size       INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  platform   TEXT NOT NULL,                    -- os/architecture[/variant], '' = none
  UNIQUE (digest, size, media_type, platform)
);
CREATE TABLE manifest_reference (
  manifest   INTEGER NOT NULL,                 -- manifest.id
  ordinal    INTEGER NOT NULL,                 -- place in the document, from 0
  kind       INTEGER NOT NULL,                 -- ReferenceKind
  descriptor INTEGER NOT NULL,                 -- descriptor.id
  PRIMARY KEY (manifest, ordinal)
) WITHOUT ROWID;
CREATE INDEX manifest_reference_by_descriptor ON manifest_reference (descriptor, kind);

CREATE TABLE mark (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

-- Triggers instead of foreign keys: they also keep the counts and drop descriptors that nothing names any more.
CREATE TRIGGER tag_added AFTER INSERT ON tag BEGIN
  UPDATE repository SET tag_count = tag_count + 1 WHERE id = NEW.repository;
END;
CREATE TRIGGER tag_removed AFTER DELETE ON tag BEGIN
  UPDATE repository SET tag_count = tag_count - 1 WHERE id = OLD.repository;
END;
CREATE TRIGGER manifest_added AFTER INSERT ON manifest BEGIN
  UPDATE repository SET manifest_count = manifest_count + 1 WHERE id = NEW.repository;
END;
CREATE TRIGGER manifest_removed AFTER DELETE ON manifest BEGIN
  UPDATE repository SET manifest_count = manifest_count - 1 WHERE id = OLD.repository;
  DELETE FROM manifest_reference WHERE manifest = OLD.id;
END;
CREATE TRIGGER reference_removed AFTER DELETE ON manifest_reference BEGIN
  DELETE FROM descriptor WHERE id = OLD.descriptor
    AND NOT EXISTS (SELECT 1 FROM manifest_reference WHERE descriptor = OLD.descriptor);
END;
CREATE TRIGGER repository_removed AFTER DELETE ON repository BEGIN
  DELETE FROM tag WHERE repository = OLD.id;
  DELETE FROM tag_event WHERE repository = OLD.id;
  DELETE FROM past_manifest WHERE repository = OLD.id;
  DELETE FROM manifest WHERE repository = OLD.id;
END;
)sql";

}  // namespace

void createSchema(Connection& connection) {
  {
    auto mode = connection.query("PRAGMA journal_mode = WAL");
    if (!mode.step() || mode.text(0) != "wal") {
      throw IndexError("index " + connection.path().string() +
                       ": its file system cannot share memory between processes (SQLite WAL); put it on a local disk");
    }
  }
  // Two processes may meet here: the second waits, and finds the tables.
  connection.execute("BEGIN IMMEDIATE");
  if (connection.number("PRAGMA user_version") == 0) {
    connection.execute(kSchema);
    connection.execute(("PRAGMA application_id = " + std::to_string(kApplicationId)).c_str());
    connection.execute(("PRAGMA user_version = " + std::to_string(kSchemaVersion)).c_str());
  }
  connection.execute("COMMIT");
}

void checkTables(Connection& connection) {
  const std::int64_t tables = connection.number(
      "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('repository', 'tag', 'tag_event', "
      "'manifest', 'past_manifest', 'descriptor', 'manifest_reference', 'mark')");
  if (tables != 8) {
    throw IndexError("index " + connection.path().string() + ": tables are missing; it has to be rebuilt",
                     IndexFailure::Corrupt);
  }
}

}  // namespace rha::index
