// The reads of an index as SQL on one connection. What each means is said in index.h. Each sees one state of the file,
// even where it takes several statements. Failure: IndexError.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "index/index.h"
#include "index/statement.h"

namespace rha::index::queries {

std::vector<RepositoryRow> repositories(Connection& connection, const Page& page, const Visibility& visibility);
bool hasRepository(Connection& connection, const RepositoryName& repository);
std::vector<TagRow> tags(Connection& connection, const RepositoryName& repository, const Page& page);
std::vector<std::string> tagNames(Connection& connection, const RepositoryName& repository, const Page& page);
std::string joinedTagNames(Connection& connection, const RepositoryName& repository, std::string_view last,
                           std::string_view separator);
std::vector<Tag> tagsOf(Connection& connection, const RepositoryName& repository, const Digest& digest);
std::vector<TagEvent> history(Connection& connection, const RepositoryName& repository, const Tag& tag,
                              std::uint64_t limit);
std::vector<ManifestRow> referrers(Connection& connection, const RepositoryName& repository, const Digest& subject,
                                   std::string_view artifactType, const Page& page);
std::optional<ManifestRow> manifest(Connection& connection, const RepositoryName& repository, const Digest& digest);
std::vector<ManifestRow> manifests(Connection& connection, const RepositoryName& repository, const Page& page);
std::vector<RepositoryName> repositoriesWith(Connection& connection, const Digest& digest, std::uint64_t limit);
// All but bytesOnDisk.
Statistics statistics(Connection& connection);
std::optional<std::string> mark(Connection& connection, std::string_view name);

}  // namespace rha::index::queries
