// The writes of an index as SQL on one connection, to be run within a transaction (writer.h). What each means is said
// in index.h. All may be run again after a rollback. Failure: IndexError.
#pragma once

#include <string_view>

#include "index/index.h"
#include "index/statement.h"

namespace rha::index::commands {

void putManifest(Connection& connection, const RepositoryName& repository, const ManifestRow& row);
void removeManifest(Connection& connection, const RepositoryName& repository, const Digest& digest);
void putTag(Connection& connection, const RepositoryName& repository, const TagRow& row, std::string_view actor);
void restoreTag(Connection& connection, const RepositoryName& repository, const TagRow& row);
// Moves the time since when the tag points at row.digest back to row.updatedAt, if it does point there.
void backdateTag(Connection& connection, const RepositoryName& repository, const TagRow& row);
// Whether there was such a tag.
bool removeTag(Connection& connection, const RepositoryName& repository, const Tag& tag, WallTime at,
               std::string_view actor);
void addTagEvent(Connection& connection, const RepositoryName& repository, const TagEvent& event);
void touchRepository(Connection& connection, const RepositoryName& repository, WallTime at);
void removeRepository(Connection& connection, const RepositoryName& repository);
void setMark(Connection& connection, std::string_view name, std::string_view value);

}  // namespace rha::index::commands
