// The schema of the index file, in one place, and its version.
//
//   repository ──< tag                 where each tag points now
//        │──────< tag_event            where each tag ever pointed
//        ├──────< manifest ──< manifest_reference >── descriptor
//        └──────< past_manifest        what tag_event names and is gone
//   mark                               small named values
//
// A digest is a BLOB: one byte for the algorithm (1 = sha256, 2 = sha512), then its 32 or 64 bytes; it sorts as the
// text does (encoding.h). Times are microseconds since 1970 (UTC). Text compares by bytes (BINARY), so that pages come
// in ASCII order. Dirty marks are not here, but in a file of their own (dirty_file.h): they are needed when this one
// fails.
//
// Any change of the schema raises kSchemaVersion: the file is a cache, so it is rebuilt, never migrated.
// Functions on one connection; thread rules and failures are the connection's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "index/statement.h"

namespace rha::index {

// PRAGMA user_version of a file of this schema.
inline constexpr std::int64_t kSchemaVersion = 2;
// PRAGMA application_id: "RHAi". Another value: the file of another program, not to be touched.
inline constexpr std::int64_t kApplicationId = 0x52484169;

// The mark that a rebuild sets as its last write: without it, with this value, the contents are partial.
inline constexpr std::string_view kCompleteMark = "rebuild.complete";
inline std::string completeMarkValue() { return std::to_string(kSchemaVersion); }

// Switches the file to WAL and creates the tables, if another connection has not done so meanwhile.
void createSchema(Connection& connection);

// Throws IndexError(Corrupt) if a table is missing. Reads next to nothing.
void checkTables(Connection& connection);

}  // namespace rha::index
