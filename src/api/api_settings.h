// ApiSettings: the API's limits and choices. Plain data; constant after the start.
#pragma once

#include <cstdint>

namespace rha::api {

struct ApiSettings {
  std::uint64_t catalogMaxEntries = 1000;                // page size of /v2/_catalog, and the largest n
  std::uint64_t manifestBytes = 4 * 1024 * 1024;         // beyond: 413
  std::uint64_t manifestBudgetBytes = 64 * 1024 * 1024;  // all manifests being received together; beyond: 503
  std::uint64_t tagsPerPush = 64;                        // ?tag= of one push; beyond: 414. One OCI-Tag field each, and
                                                         // clients take 100 fields in an answer
  std::uint64_t referrersPage = 1000;                    // most descriptors in one answer
  std::uint64_t referrersBytes = 3 * 1024 * 1024;        // most bytes of them: clients read manifests of 4 MiB at most
  std::uint64_t historyPage = 1000;                      // most events in one answer
  bool relativeLocations = true;                         // Location: /v2/… rather than https://host/v2/…
};

}  // namespace rha::api
